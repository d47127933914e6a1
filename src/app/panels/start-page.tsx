/** The page without a slide: what Dualscope is, how to open a slide, demo slides and slides opened before. */
import { FolderOpen, Image } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { StoredProjects } from '../project/stored-projects.tsx';
import { CommandButton } from '../commands/command-button.tsx';
import { demoChoice } from '../session/demo-slides.ts';
import { openRecent } from '../session/open-recent.ts';
import type { RecentSlide } from '../session/recent-slides.ts';
import type { SlideChoice } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';

export function StartPage(): React.JSX.Element {
  return (
    <div className="start-page" data-testid="start-page">
      <div className="start-column">
        <div className="start-title">
          <img src="./icon.svg" width={32} height={32} alt="" />
          <div>
            <p className="start-name">Dualscope</p>
            <p>Opens whole-slide images, segments the tissue and compares models, in this browser alone.</p>
          </div>
        </div>
        <div className="drop-area">
          <div className="button-row">
            <CommandButton
              id="slide.open"
              label="Open slide…"
              className="primary"
              icon={<FolderOpen size={16} strokeWidth={1.75} aria-hidden />}
            />
            <CommandButton id="slide.open-folder" label="Open folder…" className="outlined" />
            <span>or drop files or a folder here</span>
          </div>
          <p className="hint">
            Slides of 3DHISTECH, Akoya, Aperio, Hamamatsu, Leica, Olympus, Philips, Ventana and Zeiss; DICOM,
            OME-TIFF, OME-Zarr and other TIFF; PNG and JPEG
          </p>
        </div>
        <StoredProjects />
        <RecentSlideCards />
        <DemoCards />
        <h2>Privacy</h2>
        <p>
          Slides are read and segmented on this computer, in this page. Nothing is uploaded and no other site
          is contacted. Label images, which may identify the patient, stay hidden.
        </p>
        <p>
          <strong>Research use only.</strong> Dualscope is not a medical device and not for diagnosis.
        </p>
      </div>
    </div>
  );
}

function DemoCards(): React.JSX.Element {
  const demos = useApp((state) => state.demos);
  return (
    <>
      <h2>Demo slides</h2>
      <ul className="slide-cards" data-testid="demo-slides">
        {demos.map((demo) => (
          <SlideCard
            key={demo.file}
            choice={demoChoice(demo)}
            thumbnail={demo.thumbnail === undefined ? null : `./slides/${demo.thumbnail}`}
            tag={demo.synthetic ? 'Synthetic' : 'Real'}
            detail={demo.description}
          />
        ))}
      </ul>
    </>
  );
}

function RecentSlideCards(): React.JSX.Element | null {
  const workbench = useWorkbench();
  const { recent } = workbench;
  const slides = useSyncExternalStore(recent.subscribe, recent.list);
  if (slides.length === 0) return null;
  return (
    <>
      <div className="start-heading">
        <h2>Recent</h2>
        <button type="button" className="button small" onClick={() => recent.clear()}>
          Clear
        </button>
      </div>
      <ul className="slide-cards" data-testid="recent-slides">
        {slides.map((slide) => (
          <SlideCard
            key={slide.choice.key}
            choice={slide.choice}
            thumbnail={slide.thumbnail}
            detail={placeOf(slide)}
            onOpen={() => void openRecent(workbench, slide)}
          />
        ))}
      </ul>
    </>
  );
}

/** Where a recent slide is, and whether it outlasts the page. */
function placeOf({ choice: { input }, handles }: RecentSlide): string {
  if (input.kind === 'url') return input.url;
  return handles === undefined ? 'File on this computer, until the page closes' : 'File on this computer';
}

interface SlideCardProps {
  readonly choice: SlideChoice;
  /** URL; null without one. */
  readonly thumbnail: string | null;
  readonly detail: string;
  readonly tag?: string;
  /** Instead of opening `choice`. */
  readonly onOpen?: () => void;
}

function SlideCard({ choice, thumbnail, detail, tag, onOpen }: SlideCardProps): React.JSX.Element {
  const { slides } = useWorkbench();
  return (
    <li>
      <button type="button" className="slide-card" onClick={onOpen ?? (() => void slides.open(choice))}>
        <span className="slide-picture">
          {thumbnail === null ? <Image size={24} aria-hidden /> : <img src={thumbnail} alt="" />}
        </span>
        <span className="choice-title">
          {choice.title}
          {tag !== undefined && <span className="tag">{tag}</span>}
        </span>
        <span className="choice-detail">{detail}</span>
      </button>
    </li>
  );
}

/** The Slides panel: the open project, or the open slide with recent and demo slides. */
import { FolderOpen } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { CommandButton } from '../commands/command-button.tsx';
import { demoChoice } from '../session/demo-slides.ts';
import { openRecent } from '../session/open-recent.ts';
import type { DemoSlide, SlideChoice } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { ProjectPanel } from '../project/project-panel.tsx';
import { PanelSection } from './section.tsx';
import { SlideFacts } from './slide-facts.tsx';

export function SlidesPanel(): React.JSX.Element {
  const hasProject = useApp((state) => state.project !== null);
  if (!hasProject) return <SlideChoices />;
  return (
    <>
      <ProjectPanel />
      <div className="project-rest">
        <SlideFacts />
      </div>
    </>
  );
}

function SlideChoices(): React.JSX.Element {
  const workbench = useWorkbench();
  const demos = useApp((state) => state.demos);
  const opened = useApp((state) => state.opened);
  const demoKeys = new Set(demos.map((demo) => demoChoice(demo).key));
  const own = opened.filter((choice) => !demoKeys.has(choice.key));
  // Local files of earlier visits, which the browser reads again once it is asked.
  const { recent } = workbench;
  const earlier = useSyncExternalStore(recent.subscribe, recent.list).filter(
    ({ choice, handles }) => handles !== undefined && own.every(({ key }) => key !== choice.key),
  );
  return (
    <>
      <div className="panel-action">
        <CommandButton
          id="slide.open"
          label="Open slide…"
          className="wide"
          icon={<FolderOpen size={16} strokeWidth={1.75} aria-hidden />}
        />
        <CommandButton id="slide.open-folder" label="Open folder…" className="wide" />
        <p className="hint">Or drop files or a folder anywhere. Files stay on this computer.</p>
      </div>
      <SlideFacts />
      {own.length + earlier.length > 0 && (
        <PanelSection title="Recent">
          <ul className="choices">
            {own.map((choice) => (
              <SlideItem key={choice.key} choice={choice} />
            ))}
            {earlier.map((slide) => (
              <SlideItem
                key={slide.choice.key}
                choice={slide.choice}
                onOpen={() => void openRecent(workbench, slide)}
              />
            ))}
          </ul>
        </PanelSection>
      )}
      <PanelSection title="Demo slides">
        <DemoList demos={demos} />
      </PanelSection>
    </>
  );
}

function DemoList({ demos }: { readonly demos: readonly DemoSlide[] }): React.JSX.Element {
  return (
    <ul className="choices" data-testid="demo-slides">
      {demos.map((demo) => (
        <SlideItem
          key={demo.file}
          choice={demoChoice(demo)}
          detail={demo.description}
          tag={demo.synthetic ? 'Synthetic' : 'Real'}
        />
      ))}
    </ul>
  );
}

interface SlideItemProps {
  readonly choice: SlideChoice;
  readonly detail?: string;
  readonly tag?: string;
  /** Instead of opening `choice`. */
  readonly onOpen?: () => void;
}

function SlideItem({ choice, detail, tag, onOpen }: SlideItemProps): React.JSX.Element {
  const workbench = useWorkbench();
  const current = useApp((state) => state.slide !== null && state.slide.choice.key === choice.key);
  return (
    <li>
      <button
        type="button"
        className="choice"
        aria-current={current}
        onClick={onOpen ?? (() => void workbench.slides.open(choice))}
      >
        <span className="choice-title">
          {choice.title}
          {tag !== undefined && <span className="tag">{tag}</span>}
        </span>
        {detail !== undefined && <span className="choice-detail">{detail}</span>}
      </button>
    </li>
  );
}

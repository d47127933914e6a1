/** Metadata of the open slide. */
import { tip } from '../frame/tip.ts';
import { formatName } from '../../base/slide-format-names.ts';
import { organName, organNames, stainName, stainNames } from '../models/specimen.ts';
import type { OpenSlide } from '../state/state.ts';
import { currentMpp, currentSpecimen } from '../state/state.ts';
import { commandById } from '../commands/registry.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { formatBytes, formatCount } from '../format.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { AssociatedImages } from './associated-images.tsx';
import { FactList, PanelSection } from './section.tsx';

export function SlideFacts(): React.JSX.Element | null {
  const slide = useApp((state) => state.slide);
  if (slide === null) return null;
  const { metadata } = slide;
  return (
    <>
      <PanelSection title="Slide" testId="slide-facts">
        <FactList
          rows={[
            ['File', metadata.name],
            ['Format', formatName(metadata.format)],
            ...(metadata.compression === null ? [] : [['Compression', metadata.compression] as const]),
            ['Size', <SlideSize key="size" slide={slide} />],
            ['Levels', <Levels key="levels" slide={slide} />],
            ['Pixel', <PixelSize key="pixel" slide={slide} />],
            ['Objective', metadata.magnification === null ? 'not specified' : `${metadata.magnification}×`],
            ['Scanner', metadata.scanner ?? 'not specified'],
            ...(metadata.properties.Channels === undefined
              ? []
              : [['Channels', metadata.properties.Channels] as const]),
            ['Organ', <SpecimenChoice key="organ" slide={slide} part="organ" />],
            ['Stain', <SpecimenChoice key="stain" slide={slide} part="stain" />],
            ['Colours', <Colours key="colours" slide={slide} />],
            ...(metadata.properties.Copyright === undefined
              ? []
              : [['Credit', metadata.properties.Copyright] as const]),
            // Tile servers do not report it.
            ...(metadata.fileSize === 0 ? [] : [['File size', formatBytes(metadata.fileSize)] as const]),
          ]}
        />
        {metadata.notes?.map((note) => (
          <p key={note} className="hint" data-testid="slide-note">
            {note}
          </p>
        ))}
      </PanelSection>
      <AssociatedImages key={slide.slideId} slideId={slide.slideId} slide={metadata} />
    </>
  );
}

interface SlideProps {
  readonly slide: OpenSlide;
}

function SlideSize({ slide }: SlideProps): React.JSX.Element {
  const { width, height } = slide.metadata;
  const mpp = currentMpp(slide);
  return (
    <>
      {formatCount(width)} × {formatCount(height)} px
      {mpp !== null && (
        <>
          <br />
          {millimetres(width * mpp.x)} × {millimetres(height * mpp.y)} mm
        </>
      )}
    </>
  );
}

function Levels({ slide }: SlideProps): React.JSX.Element {
  const { levels } = slide.metadata;
  const sizes = levels.map(({ width, height }) => `${formatCount(width)} × ${formatCount(height)} px`);
  return (
    <span {...tip(sizes.join('\n'))}>
      {levels.length === 1
        ? '1 (full size)'
        : `${levels.length}: 1/${levels.map((level) => Number(level.downsample.toPrecision(3))).join(', 1/')}`}
    </span>
  );
}

function PixelSize({ slide }: SlideProps): React.JSX.Element {
  const mpp = currentMpp(slide);
  const undo = slide.earlierMpp.length > 0;
  return (
    <>
      {mpp === null ? (
        <span className="warning-text">unknown</span>
      ) : (
        <>
          {axes(mpp.x, mpp.y)} µm
          <br />
          <span className="faint" {...(mpp.source === 'user' ? {} : tip(mpp.source))}>
            {mpp.source === 'user' ? '(entered by you)' : '(file metadata)'}
          </span>
        </>
      )}
      <span className="button-row">
        <CommandButton id="slide.mpp" label={mpp === null ? 'Set…' : 'Change…'} className="small" />
        {undo && <CommandButton id="slide.undo-mpp" label="Undo" className="small" />}
      </span>
    </>
  );
}

/** Both axes if they differ by more than rounding. */
function axes(x: number, y: number): string {
  const [across, down] = [Number(x.toPrecision(4)), Number(y.toPrecision(4))];
  return across === down ? String(across) : `${across} × ${down}`;
}

function Colours({ slide }: SlideProps): React.JSX.Element {
  const workbench = useWorkbench();
  const on = useApp((state) => state.preferences.colourProfile);
  const { icc } = slide.metadata;
  if (icc === null) return <>No ICC profile</>;
  if (icc.srgb) return <>sRGB ({icc.description})</>;
  return (
    <>
      {icc.description}
      <label className="check" {...tip(commandById('slide.colour-profile').title)}>
        <input
          type="checkbox"
          checked={on}
          data-testid="colour-profile"
          onChange={() => commandById('slide.colour-profile').perform(workbench)}
        />
        Apply this profile
      </label>
      <span className="faint">Models always read the stored colours.</span>
    </>
  );
}

interface SpecimenChoiceProps extends SlideProps {
  readonly part: 'organ' | 'stain';
}

const specimenParts = {
  organ: { label: 'Organ', names: organNames, nameOf: organName },
  stain: { label: 'Stain', names: stainNames, nameOf: stainName },
} as const;

/** Few files state organ and stain. The reader can, so that models can be checked against the slide. */
function SpecimenChoice({ slide, part }: SpecimenChoiceProps): React.JSX.Element {
  const { slides } = useWorkbench();
  const said = useApp((state) => state.specimens[slide.metadata.fingerprint]?.[part] ?? null);
  const known = useApp((state) => currentSpecimen(state)[part]);
  const { label, names, nameOf } = specimenParts[part];
  // The file's value shows until the reader chooses another.
  const unsaid = said !== null ? 'file metadata' : known === null ? 'not specified' : nameOf(known);
  return (
    <select
      className="fact-choice"
      aria-label={label}
      data-testid={`slide-${part}`}
      value={said ?? ''}
      onChange={({ target }) => slides.setSpecimen({ [part]: target.value === '' ? null : target.value })}
    >
      <option value="">{unsaid}</option>
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

function millimetres(um: number): string {
  return String(Number((um / 1000).toPrecision(3)));
}

/** Top bar: slide, resolution and the main commands. */
import { Link, Link2, TriangleAlert, Unlink } from 'lucide-react';
import { CommandButton } from '../commands/command-button.tsx';
import { formatMpp } from '../format.ts';
import { currentMpp, refusalOf, shownModels } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Magnification } from '../viewer/view-readout.tsx';

export function TopBar(): React.JSX.Element {
  return (
    <header className="top-bar">
      <h1 className="product" title="Dualscope">
        <img src="./icon.svg" width={16} height={16} alt="" />
        <span className="visually-hidden">Dualscope</span>
      </h1>
      <OpenSlideReadout />
      <div className="spacer" />
      <div className="group" role="group" aria-label="Segment">
        <SegmentVisible />
        <CommandButton id="segment.whole" label="Whole slide" />
      </div>
      <div className="group" role="group" aria-label="Overlay">
        <CommandButton id="overlay.visible" />
        <CommandButton id="overlay.fill" />
        <CommandButton id="overlay.outline" />
        <CommandButton id="overlay.confidence" />
      </div>
      <div className="group" role="group" aria-label="Panes">
        <CommandButton id="pane.layout-1" />
        <CommandButton id="pane.layout-2" />
        <CommandButton id="pane.layout-4" />
        <CommandButton id="compare.swipe" />
        <CommandButton id="compare.difference" />
        <LinkButton />
      </div>
      <div className="group" role="group" aria-label="View">
        <CommandButton id="view.fit" />
        <CommandButton id="view.rotate" />
        <CommandButton id="view.measure" />
      </div>
      <div className="group" role="group" aria-label="Interface">
        <CommandButton id="interface.palette" />
        <CommandButton id="interface.theme" />
        <CommandButton id="interface.help" />
        <CommandButton id="interface.right-panel" />
      </div>
    </header>
  );
}

/** Inviting only where a shown model is for the slide. */
function SegmentVisible(): React.JSX.Element {
  const refused = useApp((state) => {
    const models = shownModels(state);
    return models.length > 0 && models.every((model) => refusalOf(state, model) !== null);
  });
  return (
    <CommandButton
      id="segment.visible"
      label="Segment visible area"
      {...(refused ? { icon: <TriangleAlert size={16} aria-hidden /> } : { className: 'primary' })}
    />
  );
}

const linkIcons = { linked: Link, offset: Link2, free: Unlink } as const;

/** The icon shows which of the three link modes is on. */
function LinkButton(): React.JSX.Element {
  const Icon = linkIcons[useApp((state) => state.link)];
  return <CommandButton id="pane.link" icon={<Icon size={16} strokeWidth={1.75} aria-hidden />} />;
}

function OpenSlideReadout(): React.JSX.Element | null {
  const { store } = useWorkbench();
  const slide = useApp((state) => state.slide);
  const opening = useApp((state) => state.opening);
  if (opening !== null) return <span className="slide-name faint">Opening {opening}…</span>;
  if (slide === null) return null;
  const mpp = currentMpp(slide);
  const { magnification } = slide.metadata;
  return (
    <>
      <span className="slide-name" data-testid="slide-name" title={slide.metadata.name}>
        {slide.metadata.name}
      </span>
      <button
        type="button"
        className="button slide-resolution"
        data-testid="slide-resolution"
        title={
          mpp === null || mpp.source === 'user' ? 'Set resolution…' : `Set resolution… (from ${mpp.source})`
        }
        onClick={() => store.dispatch({ type: 'dialog', dialog: 'mpp' })}
      >
        {magnification !== null && <span>{magnification}×</span>}
        {mpp === null ? (
          <span className="warning-text">
            <TriangleAlert size={13} aria-hidden /> resolution unknown
          </span>
        ) : (
          <>
            <span>{formatMpp(mpp.x)}</span>
            <span className="faint mpp-source">
              {mpp.source === 'user' ? 'entered by you' : 'file metadata'}
            </span>
          </>
        )}
      </button>
      <Magnification />
    </>
  );
}

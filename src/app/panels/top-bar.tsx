/** Top bar: slide, resolution and the main commands. */
import { Link, Link2, TriangleAlert, Unlink } from 'lucide-react';
import { useRef } from 'react';
import { CommandButton } from '../commands/command-button.tsx';
import { formatMpp } from '../format.ts';
import { useFittingGroups } from '../frame/fitting-groups.ts';
import { OverflowMenu } from '../frame/overflow-menu.tsx';
import type { MenuGroup } from '../frame/overflow-menu.tsx';
import { tip } from '../frame/tip.ts';
import { useRunTimes } from '../session/use-run-times.ts';
import { refusalOf } from '../models/model-refusal.ts';
import { currentMpp, shownModels } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Magnification } from '../viewer/view-readout.tsx';

/** Groups of the bar in their order there. */
const groups = {
  overlay: {
    title: 'Overlay',
    commands: ['overlay.visible', 'overlay.fill', 'overlay.outline', 'overlay.confidence'],
  },
  panes: {
    title: 'Panes',
    commands: [
      ...['pane.layout-1', 'pane.layout-2', 'pane.layout-4'],
      ...['compare.swipe', 'compare.difference', 'pane.link'],
    ],
  },
  view: { title: 'View', commands: ['view.fit', 'view.rotate', 'view.measure'] },
  interface: {
    title: 'Interface',
    commands: ['interface.palette', 'interface.theme', 'interface.help'],
  },
} as const satisfies Readonly<Record<string, MenuGroup>>;
type GroupId = keyof typeof groups;
const groupIds = Object.keys(groups) as GroupId[];

/** In a narrow window, the last go into the menu first. The segment buttons always stay, words included. */
const byImportance: readonly GroupId[] = ['panes', 'overlay', 'interface', 'view'];

export function TopBar(): React.JSX.Element {
  const bar = useRef<HTMLElement>(null);
  const shown = useFittingGroups(bar, byImportance);
  const rest = groupIds.filter((id) => !shown.includes(id));
  return (
    <header className="top-bar" ref={bar}>
      <h1 className="product">
        <img src="./icon.svg" width={16} height={16} alt="" />
        <span className="visually-hidden">Dualscope</span>
      </h1>
      <OpenSlideReadout />
      <div className="spacer" data-spacer="" />
      <SegmentButtons />
      {groupIds
        .filter((id) => shown.includes(id))
        .map((id) => (
          <div key={id} className="group" role="group" aria-label={groups[id].title} data-group={id}>
            {groups[id].commands.map((command) =>
              command === 'pane.link' ? (
                <LinkButton key={command} />
              ) : (
                <CommandButton key={command} id={command} />
              ),
            )}
          </div>
        ))}
      <OverflowMenu groups={rest.map((id) => groups[id])} />
      <div className="group">
        <CommandButton id="interface.right-panel" />
      </div>
    </header>
  );
}

/** Inviting only where a shown model is for the slide. */
function SegmentButtons(): React.JSX.Element {
  const { visible, whole } = useRunTimes();
  const refused = useApp((state) => {
    const models = shownModels(state);
    return models.length > 0 && models.every((model) => refusalOf(state, model) !== null);
  });
  return (
    <div className="group" role="group" aria-label="Segment">
      <CommandButton
        id="segment.visible"
        label="Segment visible area"
        note={visible === null ? undefined : `Up to ${visible}`}
        {...(refused ? { icon: <TriangleAlert size={16} aria-hidden /> } : { className: 'primary' })}
      />
      <CommandButton id="segment.whole" label="Whole slide" note={whole ?? undefined} />
    </div>
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
  if (opening !== null)
    return (
      <span className="slide-name faint" data-shrinks="">
        Opening {opening}…
      </span>
    );
  if (slide === null) return null;
  const mpp = currentMpp(slide);
  const { magnification } = slide.metadata;
  return (
    <>
      <span className="slide-name" data-shrinks="" data-testid="slide-name" {...tip(slide.metadata.name)}>
        {slide.metadata.name}
      </span>
      <button
        type="button"
        className="button slide-resolution"
        data-testid="slide-resolution"
        {...tip(
          'Set slide resolution…',
          undefined,
          mpp === null || mpp.source === 'user' ? undefined : `Now from ${mpp.source}`,
        )}
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

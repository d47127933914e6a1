/** What can be done at a place of the slide. */
import { commandById } from '../commands/registry.ts';
import { isEnabled } from '../commands/command.ts';
import type { Workbench } from '../session/workbench.ts';
import { currentMpp } from '../state/state.ts';
import type { Polygon } from '../state/state.ts';
import type { Point } from './affine.ts';
import { placeText } from './pointer-readout.tsx';
import { scaleForMagnification } from './view-scale.ts';

export interface MenuItem {
  readonly id: string;
  readonly title: string;
  readonly enabled: boolean;
  /** Whether it begins a group. */
  readonly separated?: boolean;
  readonly perform: () => void;
}

/** Side of the square that is segmented around a place, µm; level-0 pixels if the resolution is unknown. */
const areaSide = 1000;

/** @param at level-0 pixels */
export function menuItems(workbench: Workbench, at: Point): MenuItem[] {
  const { store, navigation } = workbench;
  const state = store.getState();
  const mpp = currentMpp(state.slide);
  const run = (id: string, title: string, separated = false): MenuItem => {
    const command = commandById(id);
    return {
      id,
      title,
      separated,
      enabled: isEnabled(command, state),
      perform: () => command.perform(workbench),
    };
  };
  return [
    {
      id: 'annotate',
      title: 'Annotate from here',
      enabled: true,
      perform: () => {
        store.dispatch({ type: 'annotate', action: { kind: 'tool', tool: 'polygon' } });
        store.dispatch({ type: 'annotate', action: { kind: 'draft', points: [at] } });
      },
    },
    {
      id: 'measure',
      title: 'Measure from here',
      enabled: true,
      perform: () => store.dispatch({ type: 'measure', measure: { points: [at], closed: false } }),
    },
    {
      id: 'segment',
      title: mpp === null ? 'Segment around here' : 'Segment 1 mm around here',
      enabled: isEnabled(commandById('segment.visible'), state),
      separated: true,
      perform: () => {
        store.dispatch({ type: 'area', area: squareAround(at, mpp) });
        void workbench.segmentation.segment('area');
      },
    },
    run('segment.visible', 'Segment visible area'),
    {
      id: 'centre',
      title: 'Centre here',
      enabled: true,
      separated: true,
      perform: () => navigation.goToPoint(at.x, at.y),
    },
    {
      id: 'zoom',
      title: 'Zoom to 20× here',
      enabled: true,
      perform: () => {
        navigation.goToPoint(at.x, at.y);
        workbench.activeView()?.zoomToScale(scaleForMagnification(20, mpp?.x ?? null));
      },
    },
    {
      id: 'bookmark',
      title: 'Add bookmark here',
      enabled: true,
      perform: () => {
        navigation.addBookmark(at);
        store.dispatch({ type: 'preferences', change: { leftPanel: 'bookmarks' } });
      },
    },
    {
      id: 'copy',
      title: 'Copy coordinates',
      enabled: true,
      separated: true,
      perform: () => void navigator.clipboard.writeText(placeText(at.x, at.y, mpp)).catch(() => undefined),
    },
    run('view.go-to', 'Go to coordinates…'),
    run(
      'overlay.visible',
      state.panes.some(({ overlay }) => overlay.visible) ? 'Hide classes' : 'Show classes',
      true,
    ),
  ];
}

/** Corners of a square, level-0 pixels. */
export function squareAround(
  { x, y }: Point,
  mpp: { readonly x: number; readonly y: number } | null,
): Polygon {
  const right = areaSide / 2 / (mpp?.x ?? 1);
  const down = areaSide / 2 / (mpp?.y ?? 1);
  return [
    [x - right, y - down],
    [x + right, y - down],
    [x + right, y + down],
    [x - right, y + down],
  ];
}

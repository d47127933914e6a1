/** Commands that move the view, measure and bookmark. */
import {
  Bookmark,
  Expand,
  FlipHorizontal2,
  LocateFixed,
  PencilRuler,
  RotateCcw,
  RotateCw,
  SquareMenu,
  ZoomIn,
  ZoomOut,
} from 'lucide-react';
import { currentMpp } from '../state/state.ts';
import type { AppState } from '../state/state.ts';
import { apply } from '../viewer/affine.ts';
import { openPaneMenu } from '../viewer/pane-menu-state.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import { scaleForMagnification, zoomSteps } from '../viewer/view-scale.ts';
import type { Command } from './command.ts';

const isOpen = (state: AppState): boolean => state.slide !== null;

function viewCommand(
  command: Pick<Command, 'id' | 'title' | 'icon' | 'shortcuts'>,
  move: (view: SlideView, state: AppState) => void,
): Command {
  return {
    ...command,
    group: 'View',
    when: isOpen,
    perform: (workbench) => {
      const view = workbench.activeView();
      if (view !== null) move(view, workbench.store.getState());
    },
  };
}

/** Distance per press of an arrow key, as a share of the view. */
const panShare = 0.15;

export const viewCommands: readonly Command[] = [
  viewCommand(
    { id: 'view.fit', title: 'Fit slide to view', icon: Expand, shortcuts: ['0', 'Home'] },
    (view) => view.fit(),
  ),
  viewCommand({ id: 'view.zoom-in', title: 'Zoom in', icon: ZoomIn, shortcuts: ['+', '='] }, (view) =>
    view.zoomBy(1.5),
  ),
  viewCommand({ id: 'view.zoom-out', title: 'Zoom out', icon: ZoomOut, shortcuts: ['-'] }, (view) =>
    view.zoomBy(1 / 1.5),
  ),
  ...zoomSteps.map((magnification, index) =>
    viewCommand(
      { id: `view.zoom-${index + 1}`, title: `Zoom to ${magnification}×`, shortcuts: [String(index + 1)] },
      (view, state) =>
        view.zoomToScale(scaleForMagnification(magnification, currentMpp(state.slide)?.x ?? null)),
    ),
  ),
  viewCommand({ id: 'view.left', title: 'Move left', shortcuts: ['ArrowLeft'] }, (view) =>
    view.panBy(-panShare, 0),
  ),
  viewCommand({ id: 'view.right', title: 'Move right', shortcuts: ['ArrowRight'] }, (view) =>
    view.panBy(panShare, 0),
  ),
  viewCommand({ id: 'view.up', title: 'Move up', shortcuts: ['ArrowUp'] }, (view) =>
    view.panBy(0, -panShare),
  ),
  viewCommand({ id: 'view.down', title: 'Move down', shortcuts: ['ArrowDown'] }, (view) =>
    view.panBy(0, panShare),
  ),
  viewCommand({ id: 'view.rotate', title: 'Rotate right 90°', icon: RotateCw, shortcuts: ['R'] }, (view) =>
    view.rotateBy(90),
  ),
  viewCommand(
    { id: 'view.rotate-back', title: 'Rotate left 90°', icon: RotateCcw, shortcuts: ['Shift+R'] },
    (view) => view.rotateBy(-90),
  ),
  viewCommand(
    { id: 'view.mirror', title: 'Mirror view', icon: FlipHorizontal2, shortcuts: ['Shift+M'] },
    (view) => view.flip(),
  ),
  {
    id: 'view.go-to',
    title: 'Go to coordinates…',
    group: 'View',
    icon: LocateFixed,
    shortcuts: ['Ctrl+G'],
    when: isOpen,
    perform: ({ store }) => store.dispatch({ type: 'dialog', dialog: 'go-to' }),
  },
  {
    id: 'view.menu',
    title: 'Actions at this place',
    group: 'View',
    icon: SquareMenu,
    shortcuts: ['Shift+F10', 'ContextMenu'],
    when: isOpen,
    perform: (workbench) => {
      const { activePane } = workbench.store.getState();
      const view = workbench.activeView();
      if (view === null) return;
      // At the pointer if it is in the pane, else in the middle.
      const pointer = workbench.pointer.get();
      const transform = view.transform();
      const middle = view.middle();
      const css =
        pointer?.paneId === activePane && transform !== null
          ? apply(transform, pointer.x, pointer.y)
          : middle;
      const at = view.level0At(css.x, css.y);
      if (at !== null) openPaneMenu({ paneId: activePane, x: css.x, y: css.y, at });
    },
  },
  {
    id: 'view.measure',
    title: 'Measure length and area',
    group: 'View',
    icon: PencilRuler,
    shortcuts: ['M'],
    when: isOpen,
    isOn: (state) => state.slide?.measure != null,
    perform: ({ store }) =>
      store.dispatch({
        type: 'measure',
        measure: store.getState().slide?.measure == null ? { points: [], closed: false } : null,
      }),
  },
  {
    id: 'view.bookmark',
    title: 'Bookmark this view',
    group: 'View',
    icon: Bookmark,
    shortcuts: ['B'],
    when: isOpen,
    perform: ({ store, navigation }) => {
      navigation.addBookmark();
      store.dispatch({ type: 'preferences', change: { leftPanel: 'bookmarks' } });
    },
  },
];

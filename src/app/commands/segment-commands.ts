/** Commands that start, pause and cancel runs, and their settings. */
import {
  Pause,
  Play,
  Scan,
  ScanEye,
  Shapes,
  Square,
  SquareDashed,
  SquareDashedMousePointer,
  Trash2,
} from 'lucide-react';
import { GlassSlide } from '../frame/slide-icon.ts';
import { shownModels } from '../state/state.ts';
import type { AppState, Extent } from '../state/state.ts';
import type { Command } from './command.ts';

/** A run in the background lets others go first. */
const isFree = ({ run }: AppState): boolean => run === null || run.background !== undefined;

/** Also while the models are loading: the run then starts as soon as they are there. */
const canStart = (state: AppState): boolean =>
  state.slide !== null && isFree(state) && (state.models === null || shownModels(state).length > 0);

/** Panes opened during a run show models that it lacks: they can join it. */
const canJoin =
  (extent: Extent) =>
  (state: AppState): boolean =>
    canStart(state) ||
    (state.run?.extent === extent &&
      state.run.phase !== 'cancelling' &&
      shownModels(state).some(({ id }) => state.run?.models.every(({ modelId }) => modelId !== id)));

export const segmentCommands: readonly Command[] = [
  {
    id: 'segment.visible',
    title: 'Segment visible area',
    group: 'Segment',
    icon: Scan,
    shortcuts: ['S'],
    when: canJoin('visible'),
    perform: (workbench) => void workbench.segmentation.segment('visible'),
  },
  {
    id: 'segment.whole',
    title: 'Segment whole slide',
    group: 'Segment',
    icon: GlassSlide,
    shortcuts: ['Shift+S'],
    when: canJoin('whole'),
    perform: (workbench) => void workbench.segmentation.segment('whole'),
  },
  {
    id: 'segment.cancel',
    title: 'Cancel segmentation',
    group: 'Segment',
    icon: Square,
    shortcuts: ['Escape'],
    when: (state) => state.run !== null && state.run.phase !== 'cancelling',
    perform: (workbench) => workbench.segmentation.cancel(),
  },
  {
    id: 'segment.pause',
    title: 'Pause segmentation',
    group: 'Segment',
    icon: Pause,
    shortcuts: [' '],
    when: (state) => state.run !== null && state.run.phase !== 'cancelling',
    isOn: (state) => state.run?.phase === 'paused',
    perform: (workbench) => workbench.segmentation.togglePause(),
  },
  {
    id: 'segment.resume',
    title: 'Resume segmentation',
    group: 'Segment',
    icon: Play,
    shortcuts: [' '],
    when: (state) => canStart(state) && state.stoppedOn === state.slide?.slideId,
    perform: (workbench) => void workbench.segmentation.resume(),
  },
  {
    id: 'segment.rectangle',
    title: 'Segment a rectangle…',
    group: 'Segment',
    icon: SquareDashed,
    shortcuts: ['Alt+R'],
    when: canStart,
    isOn: (state) => state.slide?.drawing?.shape === 'rectangle',
    perform: ({ store }) => store.dispatch({ type: 'drawing', drawing: { shape: 'rectangle', points: [] } }),
  },
  {
    id: 'segment.polygon',
    title: 'Segment a polygon…',
    group: 'Segment',
    icon: Shapes,
    shortcuts: ['Alt+P'],
    when: canStart,
    isOn: (state) => state.slide?.drawing?.shape === 'polygon',
    perform: ({ store }) => store.dispatch({ type: 'drawing', drawing: { shape: 'polygon', points: [] } }),
  },
  {
    id: 'segment.area',
    title: 'Segment drawn area again',
    group: 'Segment',
    icon: SquareDashedMousePointer,
    when: (state) => canStart(state) && state.slide?.area != null,
    perform: (workbench) => void workbench.segmentation.segment('area'),
  },
  {
    id: 'segment.tissue',
    title: 'Show background mask',
    group: 'Segment',
    icon: ScanEye,
    shortcuts: ['Shift+G'],
    when: (state) => state.slide !== null && shownModels(state).length > 0,
    isOn: (state) => state.tissueShown,
    perform: ({ store }) => store.dispatch({ type: 'tissue-shown', shown: !store.getState().tissueShown }),
  },
  {
    id: 'segment.skip-glass',
    title: 'Skip background',
    group: 'Segment',
    isOn: (state) => state.preferences.skipGlass,
    perform: ({ store }) => {
      const { skipGlass } = store.getState().preferences;
      store.dispatch({ type: 'preferences', change: { skipGlass: !skipGlass } });
    },
  },
  {
    id: 'segment.keep-results',
    title: 'Save results in this browser',
    group: 'Segment',
    isOn: (state) => state.preferences.keepResults,
    perform: ({ store }) => {
      const { keepResults } = store.getState().preferences;
      store.dispatch({ type: 'preferences', change: { keepResults: !keepResults } });
    },
  },
  {
    id: 'segment.delete-stored',
    title: 'Delete saved results for all slides…',
    group: 'Segment',
    icon: Trash2,
    when: (state) => state.run === null,
    perform: ({ store }) => store.dispatch({ type: 'dialog', dialog: 'delete-results' }),
  },
];

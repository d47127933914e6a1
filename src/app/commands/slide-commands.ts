/** Commands that open and close slides, set their resolution, and choose models. */
import {
  FolderOpen,
  FolderTree,
  Image,
  PackageOpen,
  Palette,
  RefreshCw,
  RotateCcw,
  Ruler,
  RulerDimensionLine,
  TriangleAlert,
  Undo2,
  X,
} from 'lucide-react';
import {
  activeModel,
  activePaneOf,
  channelViewOf,
  hasOwnColours,
  layerText,
  modelTitle,
  refusalOf,
} from '../state/state.ts';
import type { AppState } from '../state/state.ts';
import { overrideAction } from '../state/reducer.ts';
import { demoChoice } from '../session/demo-slides.ts';
import { chosenFiles } from '../session/chosen-files.ts';
import { openFiles, pickFiles, pickFolder } from '../session/user-files.ts';
import type { Command } from './command.ts';

const isOpen = (state: AppState): boolean => state.slide !== null;

export const slideCommands: readonly Command[] = [
  {
    id: 'slide.open',
    title: 'Open slide…',
    group: 'Slide',
    icon: FolderOpen,
    shortcuts: ['Ctrl+O'],
    perform: (workbench) => pickFiles((files) => void openFiles(workbench, chosenFiles(files))),
  },
  {
    id: 'slide.open-folder',
    title: 'Open folder…',
    group: 'Slide',
    icon: FolderTree,
    perform: (workbench) => pickFolder((files) => void openFiles(workbench, chosenFiles(files))),
  },
  {
    id: 'slide.close',
    title: 'Close slide',
    group: 'Slide',
    icon: X,
    when: isOpen,
    perform: (workbench) => workbench.slides.close(),
  },
  {
    id: 'slide.mpp',
    title: 'Set slide resolution…',
    group: 'Slide',
    icon: Ruler,
    when: isOpen,
    perform: ({ store }) => store.dispatch({ type: 'dialog', dialog: 'mpp' }),
  },
  {
    id: 'slide.known-length',
    title: 'Set resolution from a known length…',
    group: 'Slide',
    icon: RulerDimensionLine,
    when: isOpen,
    perform: ({ store }) => store.dispatch({ type: 'calibration', calibration: { points: [] } }),
  },
  {
    id: 'slide.undo-mpp',
    title: 'Undo resolution change',
    group: 'Slide',
    icon: Undo2,
    when: ({ slide }) => slide !== null && slide.earlierMpp.length > 0,
    perform: (workbench) => workbench.slides.undoMpp(),
  },
  {
    id: 'slide.colour-profile',
    title: 'Apply ICC profile',
    group: 'Slide',
    icon: Palette,
    shortcuts: ['Shift+C'],
    when: (state) => hasOwnColours(state.slide),
    isOn: (state) => state.preferences.colourProfile,
    perform: ({ store }) => {
      const { colourProfile } = store.getState().preferences;
      store.dispatch({ type: 'preferences', change: { colourProfile: !colourProfile } });
    },
  },
  {
    id: 'slide.reset-channels',
    title: 'Reset channels',
    group: 'Slide',
    icon: RotateCcw,
    when: (state) => channelViewOf(state) !== null,
    perform: ({ slides }) => slides.channels.reset(),
  },
  {
    id: 'model.open',
    title: 'Open model…',
    group: 'Segment',
    icon: PackageOpen,
    perform: ({ store }) => store.dispatch({ type: 'dialog', dialog: 'own-model' }),
  },
  {
    id: 'model.override',
    title: 'Use model anyway',
    group: 'Segment',
    icon: TriangleAlert,
    when: (state) => {
      const model = activeModel(state);
      return model !== null && refusalOf(state, model)?.overridable === true;
    },
    perform: ({ store }) => {
      const state = store.getState();
      const model = activeModel(state);
      const refusal = model === null ? null : refusalOf(state, model);
      if (model !== null && refusal !== null) store.dispatch(overrideAction(refusal, model.id));
    },
  },
  {
    id: 'slide.reload',
    title: 'Reload tiles',
    group: 'Slide',
    icon: RefreshCw,
    when: isOpen,
    perform: (workbench) => workbench.reloadTiles(),
  },
];

export function demoCommands(state: AppState): Command[] {
  return state.demos.map((demo) => ({
    id: `slide.demo.${demo.file}`,
    title: `Open demo slide: ${demo.title}`,
    group: 'Slide',
    icon: Image,
    perform: (workbench) => void workbench.slides.open(demoChoice(demo)),
  }));
}

export function modelCommands(state: AppState): Command[] {
  return (state.models ?? []).map((model) => ({
    id: `model.${model.id}`,
    title: `Use model: ${modelTitle(model)}`,
    group: 'Segment',
    isOn: (now) => layerText(activePaneOf(now).layer) === `model:${model.id}`,
    perform: ({ store }) => store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: model.id } }),
  }));
}

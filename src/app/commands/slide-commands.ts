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
import { refusalOf } from '../models/model-refusal.ts';
import {
  activePaneOf,
  channelViewOf,
  hasOwnColours,
  layerText,
  modelTitle,
  shownModels,
} from '../state/state.ts';
import type { AppState, ModelEntry } from '../state/state.ts';
import { demoChoice } from '../session/demo-slides.ts';
import { chosenFiles } from '../session/chosen-files.ts';
import { resetChannels } from '../undo/removals.ts';
import { openFiles, openFolder, pickSlides } from '../session/user-files.ts';
import type { Command } from './command.ts';

const isOpen = (state: AppState): boolean => state.slide !== null;

export const slideCommands: readonly Command[] = [
  {
    id: 'slide.open',
    title: 'Open slide…',
    group: 'Slide',
    icon: FolderOpen,
    shortcuts: ['Ctrl+O'],
    perform: (workbench) => pickSlides((files) => void openFiles(workbench, chosenFiles(files))),
  },
  {
    id: 'slide.open-folder',
    title: 'Open folder…',
    group: 'Slide',
    icon: FolderTree,
    perform: openFolder,
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
    perform: resetChannels,
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
    title: 'Use anyway',
    group: 'Segment',
    icon: TriangleAlert,
    when: (state) => {
      return shownModels(state).some((model) => refusalOf(state, model)?.overridable === true);
    },
    perform: ({ store, segmentation }) => {
      const state = store.getState();
      const refused = (model: ModelEntry): boolean => refusalOf(state, model)?.overridable === true;
      const model = shownModels(state).find(refused);
      if (model !== undefined) segmentation.useAnyway(model);
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

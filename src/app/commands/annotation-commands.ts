/** Commands for annotations and ground truth. */
import {
  BoxSelect,
  CheckCheck,
  Eye,
  FileCheck2,
  FileInput,
  Lasso,
  MousePointer2,
  Pentagon,
  Redo2,
  SquareDashedTopSolid,
  Tags,
  Trash2,
  Undo2,
  X,
} from 'lucide-react';
import type { AnnotateAction, AnnotateTool } from '../annotate/annotate-state.ts';
import { pickFiles } from '../session/pick-files.ts';
import type { Workbench } from '../session/workbench.ts';
import type { AppState } from '../state/state.ts';
import type { Command } from './command.ts';

const isOpen = (state: AppState): boolean => state.slide.kind === 'open';
const hasShapes = (state: AppState): boolean => isOpen(state) && state.annotate.annotations.length > 0;

function annotate({ store }: Workbench, action: AnnotateAction): void {
  store.dispatch({ type: 'annotate', action });
}

function tool(name: AnnotateTool, command: Pick<Command, 'title' | 'icon'>, shortcut: string): Command {
  return {
    ...command,
    id: `annotate.${name}`,
    group: 'Annotate',
    shortcuts: [shortcut],
    when: isOpen,
    isOn: (state) => state.annotate.tool === name,
    perform: (workbench) => {
      const { annotate: now, drawing, calibration } = workbench.store.getState();
      // Only one tool at a time may use the pointer.
      if (drawing !== null) workbench.store.dispatch({ type: 'drawing', drawing: null });
      if (calibration !== null) workbench.store.dispatch({ type: 'calibration', calibration: null });
      annotate(workbench, { kind: 'tool', tool: now.tool === name ? null : name });
    },
  };
}

export const annotationCommands: readonly Command[] = [
  {
    id: 'truth.load',
    title: 'Load ground truth…',
    group: 'Annotate',
    icon: FileCheck2,
    shortcuts: ['Alt+T'],
    when: isOpen,
    perform: (workbench) => pickFiles((files) => void workbench.annotations.loadTruth(files)),
  },
  {
    id: 'truth.labels',
    title: 'Map labels to classes…',
    group: 'Annotate',
    icon: Tags,
    when: (state) => state.annotate.truth !== null,
    perform: ({ store }) => store.dispatch({ type: 'dialog', dialog: 'labels' }),
  },
  {
    id: 'truth.show',
    title: 'Show ground truth',
    group: 'Annotate',
    icon: Eye,
    when: (state) => state.annotate.truth !== null,
    perform: ({ store }) => store.dispatch({ type: 'choose-layer', layer: { kind: 'truth' } }),
  },
  {
    id: 'truth.outline',
    title: 'Show truth outlines',
    group: 'Annotate',
    icon: SquareDashedTopSolid,
    shortcuts: ['Shift+O'],
    when: (state) => state.annotate.truth !== null,
    isOn: (state) => state.annotate.truthOutline,
    perform: (workbench) =>
      annotate(workbench, {
        kind: 'truth-outline',
        shown: !workbench.store.getState().annotate.truthOutline,
      }),
  },
  {
    id: 'truth.remove',
    title: 'Remove ground truth',
    group: 'Annotate',
    icon: X,
    when: (state) => state.annotate.truth !== null,
    perform: (workbench) => workbench.annotations.removeTruth(),
  },
  {
    id: 'truth.edit',
    title: 'Copy ground truth to annotations',
    group: 'Annotate',
    when: (state) => state.annotate.truth?.source === 'file',
    perform: (workbench) => workbench.annotations.editTruth(),
  },
  tool('select', { title: 'Select and edit annotations', icon: MousePointer2 }, 'Alt+V'),
  tool('rectangle', { title: 'Draw a rectangle', icon: BoxSelect }, 'Alt+B'),
  tool('polygon', { title: 'Draw a polygon', icon: Pentagon }, 'Alt+G'),
  tool('freehand', { title: 'Draw freehand', icon: Lasso }, 'Alt+W'),
  {
    id: 'annotate.undo',
    title: 'Undo annotation',
    group: 'Annotate',
    icon: Undo2,
    shortcuts: ['Ctrl+Z'],
    when: ({ annotate: { past } }) => past.length > 0,
    perform: (workbench) => annotate(workbench, { kind: 'undo' }),
  },
  {
    id: 'annotate.redo',
    title: 'Redo annotation',
    group: 'Annotate',
    icon: Redo2,
    shortcuts: ['Ctrl+Shift+Z', 'Ctrl+Y'],
    when: ({ annotate: { future } }) => future.length > 0,
    perform: (workbench) => annotate(workbench, { kind: 'redo' }),
  },
  {
    id: 'annotate.delete',
    title: 'Delete selected annotation',
    group: 'Annotate',
    icon: Trash2,
    shortcuts: ['Delete'],
    when: ({ annotate: { selected } }) => selected !== null,
    perform: (workbench) => {
      const { selected } = workbench.store.getState().annotate;
      if (selected !== null) annotate(workbench, { kind: 'delete', ids: [selected] });
    },
  },
  {
    id: 'annotate.delete-all',
    title: 'Delete all annotations',
    group: 'Annotate',
    when: hasShapes,
    perform: (workbench) => {
      const { annotations } = workbench.store.getState().annotate;
      annotate(workbench, { kind: 'delete', ids: annotations.map(({ id }) => id) });
    },
  },
  {
    id: 'annotate.visible',
    title: 'Show annotations',
    group: 'Annotate',
    icon: Eye,
    shortcuts: ['Shift+A'],
    when: hasShapes,
    isOn: (state) => state.annotate.visible,
    perform: (workbench) => {
      annotate(workbench, { kind: 'visible', visible: !workbench.store.getState().annotate.visible });
    },
  },
  {
    id: 'annotate.import',
    title: 'Import annotations…',
    group: 'Annotate',
    icon: FileInput,
    when: isOpen,
    perform: (workbench) => pickFiles((files) => void workbench.annotations.importFiles(files)),
  },
  {
    id: 'annotate.use-as-truth',
    title: 'Use annotations as ground truth',
    group: 'Annotate',
    icon: CheckCheck,
    when: hasShapes,
    perform: (workbench) => workbench.annotations.useDrawn(),
  },
];

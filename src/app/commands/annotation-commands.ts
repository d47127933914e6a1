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
import { selectedAnnotation } from '../annotate/annotate-state.ts';
import { deleteAnnotations, replaceTruth } from '../undo/removals.ts';
import { pickFiles } from '../session/user-files.ts';
import type { Workbench } from '../session/workbench.ts';
import { annotateOf } from '../state/state.ts';
import type { AppState } from '../state/state.ts';
import type { Command } from './command.ts';

const isOpen = (state: AppState): boolean => state.slide !== null;
const hasShapes = (state: AppState): boolean => isOpen(state) && annotateOf(state).annotations.length > 0;

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
    isOn: (state) => annotateOf(state).tool === name,
    perform: (workbench) => {
      const { slide } = workbench.store.getState();
      if (slide === null) return;
      annotate(workbench, { kind: 'tool', tool: slide.annotate.tool === name ? null : name });
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
    perform: (workbench) =>
      pickFiles((files) => void replaceTruth(workbench, () => workbench.annotations.loadTruth(files))),
  },
  {
    id: 'truth.labels',
    title: 'Map labels to classes…',
    group: 'Annotate',
    icon: Tags,
    when: (state) => annotateOf(state).truth !== null,
    perform: ({ store }) => store.dispatch({ type: 'dialog', dialog: 'labels' }),
  },
  {
    id: 'truth.show',
    title: 'Show ground truth',
    group: 'Annotate',
    icon: Eye,
    when: (state) => annotateOf(state).truth !== null,
    perform: ({ store }) => store.dispatch({ type: 'choose-layer', layer: { kind: 'truth' } }),
  },
  {
    id: 'truth.outline',
    title: 'Show truth outlines',
    group: 'Annotate',
    icon: SquareDashedTopSolid,
    shortcuts: ['Shift+O'],
    when: (state) => annotateOf(state).truth !== null,
    isOn: (state) => annotateOf(state).truthOutline,
    perform: (workbench) =>
      annotate(workbench, {
        kind: 'truth-outline',
        shown: !annotateOf(workbench.store.getState()).truthOutline,
      }),
  },
  {
    id: 'truth.remove',
    title: 'Remove ground truth',
    group: 'Annotate',
    icon: X,
    when: (state) => annotateOf(state).truth !== null,
    perform: (workbench) => void replaceTruth(workbench, () => workbench.annotations.removeTruth()),
  },
  {
    id: 'truth.edit',
    title: 'Copy ground truth to annotations',
    group: 'Annotate',
    when: (state) => annotateOf(state).truth?.source === 'file',
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
    when: (state) => annotateOf(state).past.length > 0,
    perform: (workbench) => annotate(workbench, { kind: 'undo' }),
  },
  {
    id: 'annotate.redo',
    title: 'Redo annotation',
    group: 'Annotate',
    icon: Redo2,
    shortcuts: ['Ctrl+Shift+Z', 'Ctrl+Y'],
    when: (state) => annotateOf(state).future.length > 0,
    perform: (workbench) => annotate(workbench, { kind: 'redo' }),
  },
  {
    id: 'annotate.delete',
    title: 'Delete selected annotation',
    group: 'Annotate',
    icon: Trash2,
    shortcuts: ['Delete'],
    when: (state) => annotateOf(state).selected !== null,
    perform: (workbench) => {
      const selected = selectedAnnotation(annotateOf(workbench.store.getState()));
      if (selected !== null) deleteAnnotations(workbench, [selected]);
    },
  },
  {
    id: 'annotate.delete-all',
    title: 'Delete all annotations',
    group: 'Annotate',
    when: hasShapes,
    perform: (workbench) => {
      deleteAnnotations(workbench, annotateOf(workbench.store.getState()).annotations);
    },
  },
  {
    id: 'annotate.visible',
    title: 'Show annotations',
    group: 'Annotate',
    icon: Eye,
    shortcuts: ['Shift+A'],
    when: hasShapes,
    isOn: (state) => annotateOf(state).visible,
    perform: (workbench) => {
      annotate(workbench, { kind: 'visible', visible: !annotateOf(workbench.store.getState()).visible });
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
    id: 'annotate.retry',
    title: 'Try again',
    group: 'Annotate',
    when: (state) => annotateOf(state).saving.kind !== 'saved',
    perform: (workbench) => workbench.annotations.retry(),
  },
  {
    id: 'annotate.use-as-truth',
    title: 'Use annotations as ground truth',
    group: 'Annotate',
    icon: CheckCheck,
    when: hasShapes,
    perform: (workbench) => void replaceTruth(workbench, () => workbench.annotations.useDrawn()),
  },
];

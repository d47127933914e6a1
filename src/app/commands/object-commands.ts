/** Commands of the review of objects. Their keys work while the Objects panel is open. */
import {
  ArrowDown,
  ArrowUp,
  Check,
  CircleX,
  Combine,
  FileJson,
  FileSpreadsheet,
  Redo2,
  Scissors,
  SquareDashed,
  Undo2,
  UndoDot,
} from 'lucide-react';
import type { Workbench } from '../session/workbench.ts';
import type { AppState } from '../state/state.ts';
import type { Command } from './command.ts';

const isOpen = ({ slide, preferences }: AppState): boolean =>
  slide !== null && preferences.leftPanel === 'objects';

function onObjects(
  id: string,
  title: string,
  icon: Command['icon'],
  shortcuts: readonly string[],
  perform: (objects: Workbench['objects']) => void,
): Command {
  return {
    id: `objects.${id}`,
    title,
    group: 'Objects',
    ...(icon !== undefined && { icon }),
    shortcuts,
    when: isOpen,
    perform: ({ objects }) => perform(objects),
  };
}

/** Before others with the same key, which they take over while the panel is open. */
export const objectCommands: readonly Command[] = [
  onObjects('next', 'Next object', ArrowDown, ['J'], (objects) => objects.step(1)),
  onObjects('previous', 'Previous object', ArrowUp, ['K'], (objects) => objects.step(-1)),
  onObjects('accept', 'Accept object', Check, ['A'], (objects) => objects.review('accepted')),
  onObjects('reject', 'Reject object', CircleX, ['X'], (objects) => objects.review('rejected')),
  onObjects('unreview', 'Take review of object back', UndoDot, ['U'], (objects) => objects.unreview()),
  ...Array.from({ length: 9 }, (_, at) =>
    onObjects(
      `relabel-${at + 1}`,
      `Relabel object as class ${at + 1}`,
      undefined,
      [String(at + 1)],
      (objects) => objects.relabel(at),
    ),
  ),
  onObjects('mark', 'Mark object for merging', SquareDashed, ['E'], (objects) => objects.mark()),
  onObjects('merge', 'Merge marked objects', Combine, ['G'], (objects) => objects.merge()),
  {
    id: 'objects.split',
    title: 'Split object along a line',
    group: 'Objects',
    icon: Scissors,
    shortcuts: ['T'],
    when: isOpen,
    isOn: ({ slide }) => slide !== null && slide.splitting !== null,
    perform: ({ store, objects }) => {
      const isOn = store.getState().slide?.splitting != null;
      if (objects.selected() !== null) store.dispatch({ type: 'splitting', line: isOn ? null : [] });
    },
  },
  onObjects('undo', 'Undo review', Undo2, ['Ctrl+Z'], (objects) => objects.undo()),
  onObjects('redo', 'Redo review', Redo2, ['Ctrl+Shift+Z', 'Ctrl+Y'], (objects) => objects.redo()),
];

export const objectExportCommands: readonly Command[] = [
  {
    id: 'export.objects-geojson',
    title: 'Export objects (GeoJSON)',
    group: 'Export',
    icon: FileJson,
    when: isOpen,
    perform: ({ objects, exports }) => objects.exportGeoJson(exports.get().tolerance),
  },
  {
    id: 'export.objects-csv',
    title: 'Export objects (CSV)',
    group: 'Export',
    icon: FileSpreadsheet,
    when: isOpen,
    perform: ({ objects }) => objects.exportCsv(),
  },
];

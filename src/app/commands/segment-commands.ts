/** Starting and ending runs. */
import { Maximize, Scan, Square } from 'lucide-react';
import { shownModels } from '../state/state.ts';
import type { AppState } from '../state/state.ts';
import type { Command } from './command.ts';

const canStart = (state: AppState): boolean =>
  state.slide.kind === 'open' && shownModels(state).length > 0 && state.run === null;

export const segmentCommands: readonly Command[] = [
  {
    id: 'segment.visible',
    title: 'Segment visible area',
    group: 'Segment',
    icon: Scan,
    shortcuts: ['S'],
    when: canStart,
    perform: (workbench) => void workbench.segmentation.segment('visible'),
  },
  {
    id: 'segment.whole',
    title: 'Segment whole slide',
    group: 'Segment',
    icon: Maximize,
    shortcuts: ['Shift+S'],
    when: canStart,
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
];

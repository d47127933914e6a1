import { expect, it } from 'vitest';
import { parsePreferences } from './preferences.ts';
import { initialState, reduce } from './reducer.ts';
import type { Action } from './reducer.ts';
import type { OpenSlide } from './state.ts';
import { createAppStore } from './store.ts';
import { leaveTool } from '../commands/leave-tool.ts';
import { toolInHand } from './tools.ts';
import type { Tool } from './tools.ts';

const opened: Action = {
  type: 'slide-opened',
  slideId: 1,
  choice: { key: 's', title: 's', input: { kind: 'url', url: 's' } },
  metadata: { fingerprint: 's', properties: {} } as OpenSlide['metadata'],
  userMpp: null,
};

const taking: Readonly<Record<Tool, Action>> = {
  annotate: { type: 'annotate', action: { kind: 'tool', tool: 'polygon' } },
  area: { type: 'drawing', drawing: { shape: 'rectangle', points: [] } },
  measure: { type: 'measure', measure: { points: [], closed: false } },
  split: { type: 'splitting', line: [] },
  'known-length': { type: 'calibration', calibration: { points: [] } },
};
const tools = Object.keys(taking) as Tool[];

it.each(tools.flatMap((one) => tools.filter((other) => other !== one).map((other) => [one, other] as const)))(
  'taking %s up, then %s, leaves the second alone in hand',
  (one, other) => {
    const state = [opened, taking[one], taking[other]].reduce(reduce, initialState(parsePreferences(null)));
    const { annotate, drawing, measure, calibration, splitting } = state.slide!;
    const held = [annotate.tool, drawing, measure, calibration, splitting].filter((tool) => tool !== null);
    expect(held).toHaveLength(1);
    expect(toolInHand(state.slide)).toBe(other);
  },
);

it.each(tools)('%s is put down, with what it has drawn', (tool) => {
  const store = createAppStore(initialState(parsePreferences(null)));
  store.dispatch(opened);
  store.dispatch(taking[tool]);
  leaveTool(store);
  expect(toolInHand(store.getState().slide)).toBeNull();
});

it('what is drawn with the tool in hand, or seen of annotations, takes no tool up', () => {
  let state = [opened, taking.measure].reduce(reduce, initialState(parsePreferences(null)));
  state = reduce(state, { type: 'annotate', action: { kind: 'visible', visible: false } });
  expect(toolInHand(state.slide)).toBe('measure');
});

import { expect, it } from 'vitest';
import type { Workbench } from '../session/workbench.ts';
import { parsePreferences } from '../state/preferences.ts';
import { initialState } from '../state/reducer.ts';
import type { Action } from '../state/reducer.ts';
import type { OpenSlide } from '../state/state.ts';
import { createAppStore } from '../state/store.ts';
import { toolInHand } from '../state/tools.ts';
import { menuItems } from './pane-menu-items.ts';

const opened: Action = {
  type: 'slide-opened',
  slideId: 1,
  choice: { key: 's', title: 's', input: { kind: 'url', url: 's' } },
  metadata: { fingerprint: 's', properties: {}, mpp: null } as unknown as OpenSlide['metadata'],
  userMpp: null,
};
const held: readonly Action[] = [
  { type: 'annotate', action: { kind: 'tool', tool: 'rectangle' } },
  { type: 'drawing', drawing: { shape: 'rectangle', points: [{ x: 1, y: 1 }] } },
  { type: 'measure', measure: { points: [{ x: 1, y: 1 }], closed: false } },
  { type: 'calibration', calibration: { points: [] } },
];
const at = { x: 30, y: 40 };

it.each(held)('the menu puts down the tool in hand (%o) before it takes another up', (hold) => {
  for (const [id, tool] of [
    ['annotate', 'annotate'],
    ['measure', 'measure'],
  ] as const) {
    const store = createAppStore(initialState(parsePreferences(null)));
    store.dispatch(opened);
    store.dispatch(hold);
    const items = menuItems({ store, navigation: {} } as unknown as Workbench, at);
    items.find((item) => item.id === id)?.perform();
    const { annotate, drawing, measure, calibration } = store.getState().slide!;
    expect(toolInHand(store.getState().slide)).toBe(tool);
    expect([annotate.tool, drawing, measure, calibration].filter((one) => one !== null)).toHaveLength(1);
    expect(tool === 'measure' ? measure?.points : annotate.draft).toEqual([at]);
  }
});

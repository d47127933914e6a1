/** Leaving the tool in hand. */
import type { AppStore } from '../state/store.ts';
import { toolInHand } from '../state/tools.ts';

/** Puts the tool in hand down, with what it has drawn so far. */
export function leaveTool(store: AppStore): void {
  switch (toolInHand(store.getState().slide)) {
    case 'annotate':
      return store.dispatch({ type: 'annotate', action: { kind: 'tool', tool: null } });
    case 'area':
      return store.dispatch({ type: 'drawing', drawing: null });
    case 'measure':
      return store.dispatch({ type: 'measure', measure: null });
    case 'known-length':
      return store.dispatch({ type: 'calibration', calibration: null });
    case 'split':
      return store.dispatch({ type: 'splitting', line: null });
    case null:
  }
}

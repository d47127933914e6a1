/** Panes: changing one, changing their number, and saving their style to the preferences. Pure. */
import { activePaneOf, layerText } from './state.ts';
import type {
  AppState,
  ClassStyle,
  LayerChoice,
  ModelEntry,
  PaneCount,
  PaneState,
  OverlaySettings,
  Preferences,
} from './state.ts';

/** Default style of a class. */
export const plainClass: ClassStyle = { colour: null, fill: true, outline: true, hatch: true };

/** Overlay settings of a new pane. */
export function initialOverlay(preferences: Preferences): OverlaySettings {
  return { ...preferences.overlay, visible: true, confidence: false, minConfidence: 0, hiddenClasses: [] };
}

/** Changes one pane; the active one without a `paneId`. */
export function changePane(
  state: AppState,
  change: (pane: PaneState) => PaneState,
  paneId?: string,
): AppState {
  const target = state.panes.find((pane) => pane.id === paneId) ?? activePaneOf(state);
  const next = change(target);
  if (next === target) return state;
  return { ...state, panes: state.panes.map((pane) => (pane === target ? next : pane)) };
}

const paneIds = ['A', 'B', 'C', 'D'] as const;

/** Adds or removes panes. New ones copy the style of the active pane and show models that are not on screen yet. */
export function setPaneCount(state: AppState, count: PaneCount): AppState {
  const compare = { ...state.compare, view: 'panes' } as const;
  if (count === state.panes.length) return state.compare.view === 'panes' ? state : { ...state, compare };
  const panes = state.panes.slice(0, count);
  const { overlay } = activePaneOf(state);
  for (const id of paneIds.slice(panes.length, count)) {
    // Leaving swipe or difference view, its second layer moves to the second pane.
    const { view, second } = state.compare;
    const layer = id === 'B' && view !== 'panes' ? second : unshownLayer(state, panes);
    panes.push({ id, layer, overlay: { ...overlay, hiddenClasses: [] } });
  }
  const activePane = panes.some((pane) => pane.id === state.activePane) ? state.activePane : 'A';
  return { ...state, panes, activePane, compare };
}

/** A model that no pane shows, preferably with the classes of the first pane's model; no layer if there is none. */
export function unshownLayer(state: AppState, panes: readonly PaneState[]): LayerChoice {
  const shown = new Set(panes.map((pane) => layerText(pane.layer)));
  const vocabulary = ({ manifest }: ModelEntry): string => manifest.classes.map(({ name }) => name).join();
  const models = state.models ?? [];
  const firstModel = models.find(
    ({ id }) => panes[0] !== undefined && layerText(panes[0].layer) === layerText({ kind: 'model', id }),
  );
  const unshown = models.filter(({ id }) => !shown.has(layerText({ kind: 'model', id })));
  const alike = unshown.filter(
    (model) => firstModel !== undefined && vocabulary(model) === vocabulary(firstModel),
  );
  const model = alike[0] ?? unshown[0];
  return model === undefined ? { kind: 'none' } : { kind: 'model', id: model.id };
}

/** Copies the active pane's style into the preferences, but not what it shows or hides. */
export function rememberOverlay(state: AppState): AppState {
  const { fill, outline, hatch, fillOpacity, outlineOpacity, outlineWidth, palette, classStyles } =
    activePaneOf(state).overlay;
  const overlay = { fill, outline, hatch, fillOpacity, outlineOpacity, outlineWidth, palette, classStyles };
  return { ...state, preferences: { ...state.preferences, overlay } };
}

/** Preferences: their defaults, and how they are kept in the browser. */
import { z } from 'zod';
import { paletteIds } from '../overlay/class-palette.ts';
import type { KeyValueStorage } from './key-value-storage.ts';
import type { OverlaySettings, Preferences } from './state.ts';

const corner = z.enum(['bottom-left', 'bottom-right', 'top-right', 'top-left']);

/** Every field falls back to its default by itself, so that an old or damaged entry loses nothing else. */
const preferencesSchema = z.object({
  theme: z.enum(['dark', 'light']).catch('dark'),
  surround: z.enum(['theme', 'black', 'grey', 'light', 'white']).catch('theme'),
  leftPanel: z.enum(['slides', 'models', 'annotations', 'bookmarks']).nullable().catch('slides'),
  rightPanel: z.boolean().catch(true),
  foldedSections: z.array(z.string()).catch([]),
  scaleBar: z.object({ visible: z.boolean(), corner }).catch({ visible: true, corner: 'bottom-left' }),
  overview: z.object({ visible: z.boolean(), corner }).catch({ visible: true, corner: 'bottom-right' }),
  singleKeyShortcuts: z.boolean().catch(true),
  quality: z.enum(['fast', 'standard', 'best']).catch('standard'),
  skipGlass: z.boolean().catch(true),
  keepResults: z.boolean().catch(true),
  colourProfile: z.boolean().catch(true),
  overlay: z
    .object({
      fill: z.boolean(),
      outline: z.boolean(),
      hatch: z.boolean(),
      fillOpacity: z.number().min(0).max(1),
      outlineOpacity: z.number().min(0).max(1),
      outlineWidth: z.number().min(1).max(8).catch(2.5),
      palette: z.enum(paletteIds),
      classStyles: z
        .record(
          z.string(),
          z.object({
            colour: z
              .string()
              .regex(/^#[0-9a-f]{6}$/i)
              .nullable(),
            fill: z.boolean(),
            outline: z.boolean(),
            hatch: z.boolean(),
          }),
        )
        .catch({}),
    })
    .catch({
      fill: true,
      outline: true,
      hatch: true,
      fillOpacity: 0.35,
      outlineOpacity: 1,
      outlineWidth: 2.5,
      palette: 'colour-blind-safe',
      classStyles: {},
    }),
});

const storageKey = 'dualscope.preferences';

export type { KeyValueStorage };

/** Preferences from text; anything missing or wrong takes its default. */
export function parsePreferences(text: string | null): Preferences {
  let value: unknown = {};
  try {
    value = text === null ? {} : JSON.parse(text);
  } catch {
    // A damaged entry is as good as none.
  }
  const parsed = preferencesSchema.safeParse(value);
  return parsed.success ? parsed.data : preferencesSchema.parse({});
}

/** @param narrow whether panels would leave little of the tissue: then they begin folded, on the first visit. */
export function loadPreferences(storage: KeyValueStorage | null, narrow = false): Preferences {
  const text = storage?.getItem(storageKey) ?? null;
  const preferences = parsePreferences(text);
  return text === null && narrow ? { ...preferences, leftPanel: null, rightPanel: false } : preferences;
}

export function savePreferences(storage: KeyValueStorage | null, preferences: Preferences): void {
  try {
    storage?.setItem(storageKey, JSON.stringify(preferences));
  } catch {
    // Storage is full or forbidden: the preferences hold for this visit only.
  }
}

/** Overlay settings of a new pane. */
export function initialOverlay(preferences: Preferences): OverlaySettings {
  return { ...preferences.overlay, visible: true, confidence: false, minConfidence: 0, hiddenClasses: [] };
}

/** localStorage, or null where the browser forbids it. */
export function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

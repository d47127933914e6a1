/** Preferences: what they are, their defaults, and how the browser keeps them. */
import { z } from 'zod';
import { paletteIds } from '../overlay/class-palette.ts';
import { parseJson, writeStored } from './browser-storage.ts';
import type { KeyValueStorage } from './browser-storage.ts';

const theme = z.enum(['dark', 'light']);
/** Colour around the slide. */
const surround = z.enum(['theme', 'black', 'grey', 'light', 'white']);
const leftPanel = z.enum(['slides', 'models', 'annotations', 'bookmarks']);
const corner = z.enum(['bottom-left', 'bottom-right', 'top-right', 'top-left']);
const readout = z.object({ visible: z.boolean(), corner }).readonly();
const share = z.number().min(0).max(1);

/** How one class is drawn. It can only hide what the layer as a whole shows. */
const classStyle = z
  .object({
    /** `#rrggbb` chosen by the user; null for the palette's. */
    colour: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i)
      .nullable(),
    fill: z.boolean(),
    outline: z.boolean(),
    hatch: z.boolean(),
  })
  .readonly();

/** How layers are drawn. */
const overlay = z
  .object({
    fill: z.boolean(),
    outline: z.boolean(),
    hatch: z.boolean(),
    fillOpacity: share,
    outlineOpacity: share,
    /** CSS pixels. */
    outlineWidth: z.number().min(1).max(8).catch(2.5),
    palette: z.enum(paletteIds),
    /** By class name, see `classKey`; classes that are absent are drawn as the layer is. */
    classStyles: z.record(z.string(), classStyle).readonly().catch({}),
  })
  .readonly();

/** Every field falls back to its own default, so that an old or damaged entry loses nothing else. */
const preferencesSchema = z
  .object({
    theme: theme.catch('dark'),
    surround: surround.catch('theme'),
    leftPanel: leftPanel.nullable().catch('slides'),
    rightPanel: z.boolean().catch(true),
    /** Titles of the sections of panels that are folded. */
    foldedSections: z.array(z.string()).readonly().catch([]),
    scaleBar: readout.catch({ visible: true, corner: 'bottom-left' }),
    overview: readout.catch({ visible: true, corner: 'bottom-right' }),
    singleKeyShortcuts: z.boolean().catch(true),
    quality: z.enum(['fast', 'standard', 'best']).catch('standard'),
    /** Skip slices without tissue. */
    skipGlass: z.boolean().catch(true),
    /** Keep finished slices in the browser for the next visit. */
    keepResults: z.boolean().catch(true),
    /** Convert colours to sRGB by the slide's ICC profile, where it has one that is not sRGB. */
    colourProfile: z.boolean().catch(true),
    overlay: overlay.catch({
      fill: true,
      outline: true,
      hatch: true,
      fillOpacity: 0.35,
      outlineOpacity: 1,
      outlineWidth: 2.5,
      palette: 'colour-blind-safe',
      classStyles: {},
    }),
  })
  .readonly();

export type Theme = z.infer<typeof theme>;
export type Surround = z.infer<typeof surround>;
export type LeftPanel = z.infer<typeof leftPanel>;
export type Corner = z.infer<typeof corner>;
export type ClassStyle = z.infer<typeof classStyle>;
export type OverlayPreferences = z.infer<typeof overlay>;
/** What is remembered between visits. */
export type Preferences = z.infer<typeof preferencesSchema>;

const storageKey = 'dualscope.preferences';

/** Preferences from text; anything missing or wrong takes its default. */
export function parsePreferences(text: string | null): Preferences {
  const parsed = preferencesSchema.safeParse(text === null ? {} : parseJson(text));
  return parsed.success ? parsed.data : preferencesSchema.parse({});
}

/** @param narrow whether panels would leave little room for the tissue: they start folded then, on the first visit. */
export function loadPreferences(storage: KeyValueStorage | null, narrow = false): Preferences {
  const text = storage?.getItem(storageKey) ?? null;
  const preferences = parsePreferences(text);
  return text === null && narrow ? { ...preferences, leftPanel: null, rightPanel: false } : preferences;
}

/** Where storage is full or forbidden, the preferences hold for this visit only. */
export function savePreferences(storage: KeyValueStorage | null, preferences: Preferences): void {
  writeStored(storage, storageKey, preferences);
}

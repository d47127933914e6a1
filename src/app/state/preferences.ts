/** Preferences: schema, defaults, and storage in the browser. */
import { z } from 'zod';
import { paletteIds } from '../overlay/class-palette.ts';
import { parseJson, writeStored } from './browser-storage.ts';
import type { KeyValueStorage } from './browser-storage.ts';

const theme = z.enum(['dark', 'light']);
/** Colour of the area around the slide. */
const surround = z.enum(['theme', 'black', 'grey', 'light', 'white']);
const leftPanel = z.enum(['slides', 'models', 'annotations', 'bookmarks', 'objects']);
const corner = z.enum(['bottom-left', 'bottom-right', 'top-right', 'top-left']);
const readout = z.object({ visible: z.boolean(), corner }).readonly();
const share = z.number().min(0).max(1);

/** Style of one class. It can hide fill, outline or hatch, but not show what is off for the layer. */
const classStyle = z
  .object({
    /** `#rrggbb`; null uses the palette's colour. */
    colour: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i)
      .nullable(),
    fill: z.boolean(),
    outline: z.boolean(),
    hatch: z.boolean(),
  })
  .readonly();

/** Style of layers. */
const overlay = z
  .object({
    fill: z.boolean(),
    outline: z.boolean(),
    hatch: z.boolean(),
    fillOpacity: share,
    outlineOpacity: share,
    /** CSS pixels. */
    outlineWidth: z.number().min(1).max(8).catch(1.5),
    palette: z.enum(paletteIds),
    /** By class name, see `classKey`; classes without an entry follow the layer. */
    classStyles: z.record(z.string(), classStyle).readonly().catch({}),
  })
  .readonly();

/** Each field has its own default, so that one invalid field does not reset the others. */
const preferencesSchema = z
  .object({
    theme: theme.catch('dark'),
    surround: surround.catch('theme'),
    leftPanel: leftPanel.nullable().catch('slides'),
    rightPanel: z.boolean().catch(true),
    /** Titles of folded panel sections. */
    foldedSections: z.array(z.string()).readonly().catch([]),
    scaleBar: readout.catch({ visible: true, corner: 'bottom-left' }),
    overview: readout.catch({ visible: true, corner: 'bottom-right' }),
    singleKeyShortcuts: z.boolean().catch(true),
    quality: z.enum(['fast', 'standard', 'best']).catch('standard'),
    /** Average over the eight orientations of each slice. */
    symmetries: z.boolean().catch(false),
    /** Skip background: slices without tissue. */
    skipGlass: z.boolean().catch(true),
    /** Ask before a model runs on a slide that is unlike what it was trained on. */
    askMisfit: z.boolean().catch(true),
    /** Save finished slices in the browser. */
    keepResults: z.boolean().catch(true),
    /** Convert colours to sRGB, for slides with another ICC profile. */
    colourProfile: z.boolean().catch(true),
    /** Fill and outline thin as the zoom grows. */
    thinOverlay: z.boolean().catch(true),
    /** What an object is; see `PieceKind`. */
    objectKind: z.enum(['foreground', 'class']).catch('foreground'),
    /** Layers show one class per object: see `MajorityMap`. */
    objectMajority: z.boolean().catch(false),
    /** Smallest object, µm²; pixels of the slide where the resolution is unknown. */
    smallestObject: z.number().min(0).max(1e9).catch(500),
    overlay: overlay.catch({
      fill: true,
      outline: true,
      hatch: false,
      fillOpacity: 0.35,
      outlineOpacity: 1,
      outlineWidth: 1.5,
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
/** Settings saved between visits. */
export type Preferences = z.infer<typeof preferencesSchema>;

const storageKey = 'dualscope.preferences';

/** Parses saved preferences; missing or invalid fields get their default. */
export function parsePreferences(text: string | null): Preferences {
  const parsed = preferencesSchema.safeParse(text === null ? {} : parseJson(text));
  return parsed.success ? parsed.data : preferencesSchema.parse({});
}

/** @param narrow whether the window is narrow, in which case panels start folded on the first visit */
export function loadPreferences(storage: KeyValueStorage | null, narrow = false): Preferences {
  const text = storage?.getItem(storageKey) ?? null;
  const preferences = parsePreferences(text);
  return text === null && narrow ? { ...preferences, leftPanel: null, rightPanel: false } : preferences;
}

/** If storage is full or blocked, preferences last until the page closes. */
export function savePreferences(storage: KeyValueStorage | null, preferences: Preferences): void {
  writeStored(storage, storageKey, preferences);
}

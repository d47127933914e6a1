/** A GeoJSON feature's class, as QuPath's versions and other programs write it. */
import { z } from 'zod';
import { hexColour, parseJson, textOf } from './annotation-json.ts';

const rgb = z.tuple([z.number(), z.number(), z.number()]).rest(z.number());

const classification = z.looseObject({
  name: z.unknown().optional(),
  /** QuPath 0.5 and later: a derived class as the list of its parts. */
  names: z.array(z.string()).nullish().catch(null),
  color: z.unknown().optional(),
  /** QuPath before 0.4: one signed number, alpha first. */
  colorRGB: z.unknown().optional(),
});

/** QuPath's object, or what others make of it: a name, a list of names, the object as JSON in a text (geopandas). */
export function classificationOf(value: unknown): { readonly label: string; readonly colour: string | null } {
  if (Array.isArray(value)) return { label: value.map(textOf).filter(Boolean).join(': '), colour: null };
  if (typeof value === 'string' && /^\s*[{[]/.test(value)) {
    try {
      const inner: unknown = parseJson(value);
      if (typeof inner === 'object') return classificationOf(inner);
    } catch {
      // A name that begins with a bracket.
    }
  }
  const parsed = classification.safeParse(value);
  if (!parsed.success) return { label: textOf(value), colour: null };
  const { name, names, color, colorRGB } = parsed.data;
  return { label: textOf(name) || (names ?? []).join(': ').trim(), colour: colourOf(color, colorRGB) };
}

/** A colour as QuPath or others write it: `#rrggbb`, a list, one signed number; null for anything else. */
export function colourOf(color: unknown, colorRGB: unknown): string | null {
  if (typeof color === 'string' && /^#[0-9a-f]{6}$/i.test(color)) return color.toLowerCase();
  const listed = rgb.safeParse(color);
  const number = typeof colorRGB === 'number' ? colorRGB : null;
  const channels = listed.success
    ? listed.data
    : number === null
      ? null
      : [number >> 16, number >> 8, number];
  if (channels === null) return null;
  return hexColour(channels);
}

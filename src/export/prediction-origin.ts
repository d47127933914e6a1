/** What result files say of themselves, so that they can be opened again as predictions on their slide. Pure. */
import { z } from 'zod';
import { isNameOf } from '../annotation/slide-match.ts';

/** The mark of a description, and the member of a GeoJSON file, that hold the origin as JSON. */
export const originMark = '|prediction=';
export const originMember = 'dualscope';

const text = z.string().max(1000);
const size = z
  .number()
  .int()
  .min(1)
  .max(2 ** 24);
const factor = z.number().positive().max(1e6);

const originSchema = z.object({
  version: z.literal(1),
  model: z.object({ id: text.min(1), title: text }),
  slide: z.object({ name: text, fingerprint: text, width: size, height: size }),
  /** Level-0 pixels per pixel of the map, per axis. */
  scale: z.object({ x: factor, y: factor }),
  /** By class value. */
  classes: z
    .array(
      z.object({
        name: text.min(1),
        colour: z.string().regex(/^#[0-9a-f]{6}$/i),
        background: z.boolean(),
      }),
    )
    .min(1)
    .max(255)
    .readonly(),
  /** Why the results must not be trusted, which is shown with them; null where nothing speaks against them. */
  mark: text.nullable(),
});

/** Model, slide and classes of a result. */
export type PredictionOrigin = z.infer<typeof originSchema>;

/** As JSON of ASCII characters: TIFF has no others. */
export function originText(origin: PredictionOrigin): string {
  return JSON.stringify(origin).replace(
    /[^\x20-\x7e]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The origin that a value or its JSON describes; null if it describes none, or is of a later version. */
export function readOrigin(value: unknown): PredictionOrigin | null {
  try {
    return originSchema.safeParse(typeof value === 'string' ? JSON.parse(value) : value).data ?? null;
  } catch {
    return null;
  }
}

/** The origin in the description of a TIFF file; null without one. */
export function originOfDescription(description: string): PredictionOrigin | null {
  const at = description.indexOf(originMark);
  return at < 0 ? null : readOrigin(description.slice(at + originMark.length).replace(/\0+$/, ''));
}

export type OriginMatch =
  | { readonly kind: 'same' }
  /** Name and size are the slide's, but its content differs: it was converted or written again. */
  | { readonly kind: 'alike' }
  | { readonly kind: 'other' };

/** Whether a prediction is of a slide. */
export function matchOrigin(
  { slide }: PredictionOrigin,
  open: {
    readonly name: string;
    readonly fingerprint: string;
    readonly width: number;
    readonly height: number;
  },
): OriginMatch {
  const isSize = slide.width === open.width && slide.height === open.height;
  if (slide.fingerprint === open.fingerprint && isSize) return { kind: 'same' };
  return isSize && isNameOf(slide.name, open) ? { kind: 'alike' } : { kind: 'other' };
}

/**
 * What a reviewer says of objects: data of its own, apart from the class map, so that segmenting again does not lose it. Each
 * correction carries the outline that it was made on. Pure.
 */
import { z } from 'zod';

export const correctionVersion = 1;

/** More corners than any outline of ours; files and records may claim anything. */
const mostCorners = 200_000;
const coordinate = z
  .number()
  .min(-(2 ** 32))
  .max(2 ** 32);
/** x and y alternate, level-0 pixels. */
const ring = z
  .array(coordinate)
  .max(2 * mostCorners)
  .readonly();

const common = {
  version: z.literal(correctionVersion),
  /** Layer whose objects it corrects: the id of a model, or of a prediction that was opened. */
  layer: z.string().min(1).max(500),
  /** Order in which corrections were made. */
  place: z.number(),
  /** Rings of the outline, holes included (even-odd rule). */
  shape: z.array(ring).min(1).max(10_000).readonly(),
};

const contentSchema = z.discriminatedUnion('kind', [
  /** An object was accepted as, or rejected as, one of a class. Accepting it as another class relabels it. */
  z.object({
    ...common,
    kind: z.literal('review'),
    verdict: z.enum(['accepted', 'rejected']),
    className: z.string(),
  }),
  /** All objects that lie mostly within the shape are one. */
  z.object({ ...common, kind: z.literal('merge') }),
  /** The object within the shape is cut along a line. */
  z.object({ ...common, kind: z.literal('split'), line: ring }),
]);

/** A correction as it is stored, under its id. */
export type StoredCorrection = z.infer<typeof contentSchema>;
export type Correction = StoredCorrection & { readonly id: string };
export type Verdict = 'accepted' | 'rejected';
export type ReviewCorrection = Extract<Correction, { kind: 'review' }>;

/** A stored correction; null if it is damaged, or of a later version. */
export function readCorrection(id: string, value: unknown): Correction | null {
  const { data } = contentSchema.safeParse(value);
  return data === undefined ? null : { id, ...data };
}

/** The part of a correction that is stored under its id. */
export function toStoredCorrection({ id: _id, ...content }: Correction): StoredCorrection {
  return content;
}

/** How messages name a correction. */
export function correctionTitle(correction: Correction): string {
  const [x = 0, y = 0] = correction.shape[0] ?? [];
  const at = `at ${Math.round(x)}, ${Math.round(y)}`;
  if (correction.kind === 'review') return `${correction.className} ${correction.verdict} ${at}`;
  return `${correction.kind} ${at}`;
}

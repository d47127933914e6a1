/** What the browser keeps of one slide's annotations: the record, its version, and how older ones are read. */
import { z } from 'zod';
import { hasFiniteCoordinates } from './annotation.ts';

const recordVersion = 1;

const annotationSchema = z.object({
  id: z.string(),
  label: z.string(),
  outer: z.array(z.number()).readonly(),
  holes: z.array(z.array(z.number()).readonly()).readonly(),
});

const ringSchema = z.custom<Float64Array>((value) => value instanceof Float64Array);
const regionSchema = z.object({
  id: z.string(),
  label: z.string(),
  colour: z.string().nullable(),
  outer: ringSchema,
  holes: z.array(ringSchema).readonly(),
});

const truthSchema = z
  .object({
    source: z.enum(['file', 'drawn']),
    name: z.string(),
    outside: z.enum(['background', 'not-counted']),
    /** Of a file; empty where the truth is what is drawn. */
    regions: z.array(regionSchema).readonly(),
  })
  .readonly();

const keptSchema = z
  .object({ annotations: z.array(annotationSchema).readonly(), truth: truthSchema.nullable() })
  .readonly();

/** The ground truth of a slide. */
export type KeptTruth = z.infer<typeof truthSchema>;

/** What is kept of one slide. */
export type KeptAnnotations = z.infer<typeof keptSchema>;

/** A record that this version of the app can't read. It must not be overwritten. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord';
}

export interface ReadRecord {
  readonly kept: KeptAnnotations;
  /** Shapes that had to be dropped because a coordinate is not a finite number. */
  readonly dropped: number;
}

/** The record as it is stored. */
export function toRecord(kept: KeptAnnotations): unknown {
  return { version: recordVersion, ...kept };
}

/**
 * Reads a stored record. The first versions of the app wrote records without a version; their content is that of version 1.
 * @returns null where nothing is stored.
 * @throws UnreadableRecord for an unknown version and for damaged content.
 */
export function readRecord(value: unknown): ReadRecord | null {
  if (value === undefined || value === null) return null;
  const { version = recordVersion } = value as { readonly version?: unknown };
  if (version !== recordVersion) {
    throw new UnreadableRecord(
      `They were written by another version of Dualscope (format ${String(version)}).`,
    );
  }
  const { record, dropped } = withoutBrokenShapes(value);
  const parsed = keptSchema.safeParse(record);
  if (!parsed.success) throw new UnreadableRecord('Their record is damaged.');
  return { kept: parsed.data, dropped };
}

const shapesSchema = z.looseObject({
  annotations: z.array(z.unknown()),
  truth: z.looseObject({ regions: z.array(z.unknown()) }).nullable(),
});
const ringsSchema = z.object({
  outer: z.custom<ArrayLike<number>>(isRing),
  holes: z.array(z.custom<ArrayLike<number>>(isRing)),
});

function isRing(value: unknown): boolean {
  return Array.isArray(value) || value instanceof Float64Array;
}

/** Earlier versions stored what they were given: one coordinate that is no number must not cost the other shapes. */
function withoutBrokenShapes(value: unknown): { readonly record: unknown; readonly dropped: number } {
  const parsed = shapesSchema.safeParse(value);
  if (!parsed.success) return { record: value, dropped: 0 };
  const isSound = (shape: unknown): boolean => {
    const rings = ringsSchema.safeParse(shape);
    // What has no rings at all is for the schema to refuse.
    return !rings.success || hasFiniteCoordinates(rings.data);
  };
  const { annotations, truth } = parsed.data;
  const soundAnnotations = annotations.filter(isSound);
  const soundRegions = truth?.regions.filter(isSound) ?? [];
  const all = annotations.length + (truth?.regions.length ?? 0);
  return {
    record: {
      annotations: soundAnnotations,
      truth: truth === null ? null : { ...truth, regions: soundRegions },
    },
    dropped: all - soundAnnotations.length - soundRegions.length,
  };
}

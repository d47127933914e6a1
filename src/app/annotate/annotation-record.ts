/** The stored record of a slide's annotations: schema, version, and reading of older records. */
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
    /** From the file; empty if the truth is drawn. */
    regions: z.array(regionSchema).readonly(),
  })
  .readonly();

const keptSchema = z
  .object({ annotations: z.array(annotationSchema).readonly(), truth: truthSchema.nullable() })
  .readonly();

/** The ground truth of a slide. */
export type KeptTruth = z.infer<typeof truthSchema>;

/** What is saved for one slide. */
export type KeptAnnotations = z.infer<typeof keptSchema>;

/** A record that this version cannot read. It must not be overwritten. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord';
}

export interface ReadRecord {
  readonly kept: KeptAnnotations;
  /** Number of shapes dropped because a coordinate is not finite. */
  readonly dropped: number;
}

/** The record to store. */
export function toRecord(kept: KeptAnnotations): unknown {
  return { version: recordVersion, ...kept };
}

/**
 * Reads a stored record. Records without a version are from early releases and have the content of version 1.
 * @returns null if nothing is stored
 * @throws UnreadableRecord for unknown versions and invalid content
 */
export function readRecord(value: unknown): ReadRecord | null {
  if (value === undefined || value === null) return null;
  const { version = recordVersion } = value as { readonly version?: unknown };
  if (version !== recordVersion) {
    throw new UnreadableRecord(
      `They were saved by another version of Dualscope (format ${String(version)}).`,
    );
  }
  const { record, dropped } = withoutBrokenShapes(value);
  const parsed = keptSchema.safeParse(record);
  if (!parsed.success) throw new UnreadableRecord('The record is damaged.');
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

/** Earlier versions saved shapes unchecked. One invalid coordinate must not cost the other shapes. */
function withoutBrokenShapes(value: unknown): { readonly record: unknown; readonly dropped: number } {
  const parsed = shapesSchema.safeParse(value);
  if (!parsed.success) return { record: value, dropped: 0 };
  const isSound = (shape: unknown): boolean => {
    const rings = ringsSchema.safeParse(shape);
    // Shapes without rings are left for the schema to reject.
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

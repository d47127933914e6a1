/**
 * Stored records of annotations. Every change of an annotation, a bookmark, a correction of an object or a slide's ground truth is stored as a record
 * of its own, in the transaction that deletes the record it is based on. Two records of one item therefore mean that two
 * pages changed it at the same time, and neither change is lost.
 */
import { z } from 'zod';
import { hasValidCoordinates } from '../../annotation/annotation-file.ts';
import {
  readCorrection,
  toStoredCorrection,
  correctionTitle,
  type Correction,
} from '../../objects/correction.ts';
import { bookmarkSchema, type Bookmark } from '../navigate/bookmarks.ts';
import type { Annotation } from './annotation.ts';

const recordVersion = 2;

export const recordKinds = ['annotation', 'bookmark', 'correction', 'truth'] as const;
export type RecordKind = (typeof recordKinds)[number];

/** Key of a record. `writer` is the page that wrote it; `id` is empty for ground truth. */
export type RecordKey = readonly [
  fingerprint: string,
  kind: RecordKind,
  id: string,
  revision: number,
  writer: string,
];

export interface StoredRecord {
  readonly key: RecordKey;
  readonly value: unknown;
}

/** The part of a key that names the item, unique within a slide. */
export function itemName([, kind, id]: RecordKey): string {
  return `${kind}/${id}`;
}

const ringSchema = z.array(z.number()).readonly();
const annotationSchema = z.object({
  version: z.literal(recordVersion),
  /** Annotations with a larger number are drawn on top; the id decides between equal ones. */
  place: z.number(),
  label: z.string(),
  outer: ringSchema,
  holes: z.array(ringSchema).readonly(),
});

const bookmarkRecordSchema = bookmarkSchema.omit({ id: true }).extend({ version: z.literal(recordVersion) });

const regionSchema = z
  .object({
    id: z.string(),
    label: z.string(),
    colour: z.string().nullable(),
    outer: z.custom<Float64Array>((value) => value instanceof Float64Array),
    holes: z.array(z.custom<Float64Array>((value) => value instanceof Float64Array)).readonly(),
  })
  .refine(hasValidCoordinates);
const truthSchema = z.object({
  version: z.literal(recordVersion),
  source: z.enum(['file', 'drawn']),
  name: z.string(),
  outside: z.enum(['background', 'not-counted']),
  regions: z.array(z.unknown()),
});

/** The ground truth of a slide. */
export interface KeptTruth {
  readonly source: 'file' | 'drawn';
  readonly name: string;
  readonly outside: 'background' | 'not-counted';
  /** From the file; empty if the truth is drawn. */
  readonly regions: readonly z.infer<typeof regionSchema>[];
}

/** What is saved for one slide. */
export interface KeptAnnotations {
  /** In drawing order. */
  readonly annotations: readonly Annotation[];
  /** By time. */
  readonly bookmarks: readonly Bookmark[];
  readonly truth: KeptTruth | null;
  /** Of objects, in the order in which they were made; absent without any. */
  readonly corrections?: readonly Correction[];
}

/** What a record holds. */
export type Content =
  | { readonly kind: 'annotation'; readonly place: number; readonly annotation: Annotation }
  | { readonly kind: 'bookmark'; readonly bookmark: Bookmark }
  | { readonly kind: 'correction'; readonly correction: Correction }
  | { readonly kind: 'truth'; readonly truth: KeptTruth };

export function toRecord(key: RecordKey, content: Content): StoredRecord {
  if (content.kind === 'truth') return { key, value: { version: recordVersion, ...content.truth } };
  if (content.kind === 'correction') return { key, value: toStoredCorrection(content.correction) };
  if (content.kind === 'bookmark') {
    const { note, view, created } = content.bookmark;
    return { key, value: { version: recordVersion, note, view, created } };
  }
  const { label, outer, holes } = content.annotation;
  return { key, value: { version: recordVersion, place: content.place, label, outer, holes } };
}

export interface ReadRecord {
  readonly content: Content;
  /** Number of regions of the ground truth left out because they are invalid. */
  readonly dropped: number;
}

/** Reads a record; null if it is damaged or from a later version. */
export function readRecord({ key: [, kind, id], value }: StoredRecord): ReadRecord | null {
  if (kind === 'annotation') {
    const { data } = annotationSchema.safeParse(value);
    if (data === undefined || !hasValidCoordinates(data)) return null;
    const { place, label, outer, holes } = data;
    return { content: { kind, place, annotation: { id, label, outer, holes } }, dropped: 0 };
  }
  if (kind === 'bookmark') {
    const { data } = bookmarkRecordSchema.safeParse(value);
    if (data === undefined) return null;
    const { note, view, created } = data;
    return { content: { kind, bookmark: { id, note, view, created } }, dropped: 0 };
  }
  if (kind === 'correction') {
    const correction = readCorrection(id, value);
    return correction === null ? null : { content: { kind, correction }, dropped: 0 };
  }
  const { data } = truthSchema.safeParse(value);
  if (data === undefined) return null;
  const regions = data.regions.flatMap((region) => regionSchema.safeParse(region).data ?? []);
  const { source, name, outside } = data;
  return {
    content: { kind: 'truth', truth: { source, name, outside, regions } },
    dropped: data.regions.length - regions.length,
  };
}

/** How messages name a record: by the annotation's label or the bookmark's note, else its id. */
export function recordTitle({ key: [, kind, id], value }: StoredRecord): string {
  if (kind === 'truth') return 'ground truth';
  if (kind === 'correction') {
    const correction = readCorrection(id, value);
    return correction === null ? 'correction of an object' : correctionTitle(correction);
  }
  if (kind === 'bookmark') {
    const { data } = z.looseObject({ note: z.string().min(1) }).safeParse(value);
    return data === undefined ? `bookmark ${id}` : `bookmark "${data.note}"`;
  }
  const { data } = z.looseObject({ label: z.string().min(1) }).safeParse(value);
  return data === undefined ? id : `"${data.label}"`;
}

/** A whole slide in one record, as earlier versions stored it. */
const slideRecordSchema = z.object({
  version: z.literal(1).optional(),
  annotations: z.array(z.unknown()),
  truth: z.unknown(),
});

/**
 * Splits the record of a whole slide. Shapes that can't be read get records too, so that nothing is lost.
 * @returns null if the record can't be split
 */
export function splitSlideRecord(fingerprint: string, value: unknown): StoredRecord[] | null {
  const { data } = slideRecordSchema.safeParse(value);
  if (data === undefined) return null;
  const ids = new Set<string>();
  const records = data.annotations.map((shape, place): StoredRecord => {
    const own = z.looseObject({ id: z.string() }).safeParse(shape).data?.id;
    const id = own === undefined || ids.has(own) ? `${own ?? 'unreadable'}-${place + 1}` : own;
    ids.add(id);
    const content = typeof shape === 'object' && shape !== null ? shape : { shape };
    return {
      key: [fingerprint, 'annotation', id, 1, ''],
      value: { ...content, version: recordVersion, place },
    };
  });
  if (typeof data.truth !== 'object' || data.truth === null) return records;
  return [
    ...records,
    { key: [fingerprint, 'truth', '', 1, ''], value: { ...data.truth, version: recordVersion } },
  ];
}

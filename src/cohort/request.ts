/** A job's instructions for one slide. Two requests with the same key give the same result. */
import { z } from 'zod';
import { segmentationSchema } from './settings.ts';

/**
 * Identifies a slide's content without reading it: size and date of a file (sum and latest for a folder), or
 * the server's response headers. null where neither is available; the job will report why.
 */
export const identitySchema = z
  .object({
    bytes: z.number().nonnegative().nullable(),
    /** Milliseconds since 1970 for files, the server's text for URLs. */
    modified: z.union([z.number(), z.string()]).nullable(),
    etag: z.string().nullable(),
  })
  .nullable();

export type SlideIdentity = z.infer<typeof identitySchema>;

/** A slide's id is part of paths below the cohort's folder; it must not lead anywhere else. */
export const slideIdSchema = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/);

export const requestSchema = z.object({
  id: slideIdSchema,
  /** Path or URL; a folder for a DICOM series. */
  source: z.string(),
  name: z.string(),
  identity: identitySchema,
  /** An id below models/, or a folder; and the SHA-256 of the graph and weights. */
  model: z.string(),
  modelHash: z.string(),
  settings: segmentationSchema,
  /** Of the program. */
  version: z.string(),
  /** Number of jobs that share the slide. */
  shards: z.int().positive(),
  /** SHA-256 over all that changes the result. */
  key: z.string(),
});

export type SlideRequest = z.infer<typeof requestSchema>;

/** Adds the key. The slide's location is not part of it: a cohort may be moved. */
export async function withKey(request: Omit<SlideRequest, 'key'>): Promise<SlideRequest> {
  const { identity, modelHash, settings, version } = request;
  const { quality, glass, mpp, simplify, backend, symmetries } = settings;
  const text = JSON.stringify([
    identity === null ? null : [identity.bytes, identity.modified, identity.etag],
    modelHash,
    [quality, glass, mpp, simplify, backend, ...(symmetries ? ['symmetries'] : [])],
    version,
  ]);
  return { ...request, key: await sha256(text) };
}

/** SHA-256 of a text, in hex. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A cohort's plan, followed by the workflow and the report. */
export const planSchema = z.object({
  title: z.string(),
  version: z.string(),
  app: z.url({ protocol: /^https?$/ }),
  slidesUrl: z.url({ protocol: /^https?$/ }).nullable(),
  model: z.object({
    id: z.string(),
    title: z.string(),
    hash: z.string(),
    intendedUse: z.string(),
    sliceFieldUm: z.number(),
    umPerPx: z.number(),
    classes: z.array(
      z.object({ name: z.string(), colour: z.string().regex(/^#[0-9a-fA-F]{6}$/), background: z.boolean() }),
    ),
  }),
  slides: z.array(
    z.object({
      id: slideIdSchema,
      source: z.string(),
      name: z.string(),
      /** Path below the given folder; null for URLs. */
      place: z.string().nullable(),
      shards: z.int().positive(),
      key: z.string(),
    }),
  ),
  /** What the search for slides left out, one sentence each. */
  remarks: z.array(z.string()).default([]),
});

export type CohortPlan = z.infer<typeof planSchema>;

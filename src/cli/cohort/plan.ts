/** `dualscope cohort plan`: the slides of a cohort, and for each of them what its job is to do. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isUrl, slideId, slideName } from '../../cohort/slide-id.ts';
import {
  requestSchema,
  sha256,
  withKey,
  type CohortPlan,
  type SlideIdentity,
  type SlideRequest,
} from '../../cohort/request.ts';
import { segmentationSchema, type CohortSettings } from '../../cohort/settings.ts';
import type { ModelManifest } from '../../runtime/manifest.ts';
import { manifestOf, modelFolder } from '../model-folder.ts';
import { writeAtomically } from '../segment-result.ts';
import { codeVersion } from '../version.ts';
import { findSlides, type FoundSlide } from './find-slides.ts';
import { cohortPlaces, readJson } from './places.ts';
import { shardsFor } from './shards.ts';
import { slideIdentity } from './slide-identity.ts';

/** Questions to file systems and servers that wait at a time. */
const atATime = 16;

/**
 * Writes the plan and the requests. A request is written only where it differs from the one that is there: its date tells
 * the workflow what is to be done again.
 * @throws CommandError when there is no slide or no such model; ModelError.
 */
export async function planCohort(settings: CohortSettings): Promise<CohortPlan> {
  const { out, title, app, slides_url: slidesUrl } = settings;
  const places = cohortPlaces(out);
  const found = await findSlides(settings.slides, out);
  const manifest = await manifestOf(settings.model);
  const model = { ...modelOf(manifest), hash: await modelHash(manifest) };
  const version = await codeVersion();
  await mkdir(dirname(places.request('any')), { recursive: true });
  const requests = await inTurns(found, (slide) =>
    request(slide, settings, { version, modelHash: model.hash, manifest }),
  );
  const plan: CohortPlan = {
    title,
    version,
    app,
    slidesUrl,
    model,
    slides: requests.map(({ id, source, name, shards, key }, i) => ({
      id,
      source,
      name,
      place: isUrl(source) ? null : (found[i]?.place ?? null),
      shards,
      key,
    })),
  };
  await writeAtomically(places.plan, `${JSON.stringify(plan, null, 1)}\n`);
  return plan;
}

async function request(
  { source, place }: FoundSlide,
  settings: CohortSettings,
  made: { readonly version: string; readonly modelHash: string; readonly manifest: ModelManifest },
): Promise<SlideRequest> {
  const id = await slideId(place);
  const path = cohortPlaces(settings.out).request(id);
  const old = await readJson(path, requestSchema);
  const known = await slideIdentity(source);
  // A server that is away for a while must not make a finished slide look changed.
  const identity: SlideIdentity = known ?? (isUrl(source) ? (old?.identity ?? null) : null);
  const { version, modelHash, manifest } = made;
  const fields = {
    id,
    source,
    name: slideName(source),
    identity,
    // Absolute where it is a folder of the user's: jobs may start elsewhere.
    model: modelFolder(settings.model),
    modelHash,
    settings: segmentationSchema.parse(settings),
    version,
    shards: 1,
  };
  const whole = await withKey(fields);
  const shards =
    settings.shards === null || known === null
      ? 1
      : await shardsFor(source, manifest, settings.shards, settings);
  const now = { ...whole, shards };
  if (JSON.stringify(old) !== JSON.stringify(now)) {
    await writeAtomically(path, `${JSON.stringify(now, null, 1)}\n`);
  }
  return now;
}

/** SHA-256 over what a model computes with and what its classes are called: cards and figures may change without. */
export function modelHash({ graph, classes, slice, context }: ModelManifest): Promise<string> {
  return sha256(JSON.stringify([graph.sha256, graph.weightsSha256, classes, slice, context]));
}

function modelOf(manifest: ModelManifest): Omit<CohortPlan['model'], 'hash'> {
  const { id, title, intendedUse, slice, classes } = manifest;
  return {
    id,
    title,
    intendedUse,
    sliceFieldUm: slice.fieldUm,
    umPerPx: slice.fieldUm / slice.sizePx,
    classes: classes.map(({ name, colour, background }) => ({ name, colour, background })),
  };
}

/** Like Promise.all over `make`, a few at a time, results in order. */
async function inTurns<T, R>(items: readonly T[], make: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await make(items[i]!);
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, worker));
  return results;
}

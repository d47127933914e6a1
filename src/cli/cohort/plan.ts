/** `dualscope cohort plan`: lists the slides of a cohort and writes a request for each slide's job. */
import { dirname } from 'node:path';
import { inDefaultColours } from '../../base/class-colours.ts';
import { makeFolder } from '../../base/make-folder.node.ts';
import { replaceFile } from '../../base/replace-file.node.ts';
import { isUrl, slideIds, slideName } from '../../cohort/slide-id.ts';
import {
  sha256,
  withKey,
  type CohortPlan,
  type SlideIdentity,
  type SlideRequest,
} from '../../cohort/request.ts';
import { segmentationSchema, type CohortSettings } from '../../cohort/settings.ts';
import type { ModelManifest } from '../../runtime/manifest.ts';
import { overlapOf } from '../../segment/quality.ts';
import { CommandError } from '../command.ts';
import { manifestOf, modelFolder } from '../model-folder.ts';
import { codeVersion } from '../package-info.ts';
import { planSlide } from '../run-model.ts';
import { openFromCommandLine } from '../slide.ts';
import { cohortPaths, readEarlierPlan, readOldRequest } from './cohort-folder.ts';
import { findSlides, slideIdentity, type FoundSlide } from './find-slides.ts';

/** Slides planned at the same time. Most of the time goes into waiting for file systems and servers. */
const concurrency = 16;

/**
 * Writes the plan and the requests. Unchanged requests are not rewritten, because the workflow reruns jobs by the date of
 * their request.
 * @throws CommandError when no slide or no such model is found; ModelError.
 */
export async function planCohort(settings: CohortSettings): Promise<CohortPlan> {
  const { out, title, app, slides_url: slidesUrl } = settings;
  const paths = cohortPaths(out);
  const { slides: found, remarks } = await findSlides(settings.slides, out);
  const ids = await idsOf(found, out);
  const manifest = await manifestOf(settings.model);
  const model = { ...modelOf(manifest), hash: await modelHash(manifest) };
  const version = await codeVersion();
  await makeFolder(dirname(paths.request('any')));
  const requests = await mapConcurrently(found, (slide, i) =>
    request(slide, ids[i]!, settings, { version, modelHash: model.hash, manifest }),
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
    remarks: [...remarks],
  };
  await replaceFile(paths.plan, `${JSON.stringify(plan, null, 1)}\n`);
  return plan;
}

/** @throws CommandError that names two slides with one id */
async function idsOf(found: readonly FoundSlide[], out: string): Promise<readonly string[]> {
  const earlier = await readEarlierPlan(out);
  try {
    return await slideIds(
      found.map(({ place }) => place),
      earlier?.slides ?? [],
    );
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  }
}

async function request(
  { source }: FoundSlide,
  id: string,
  settings: CohortSettings,
  common: { readonly version: string; readonly modelHash: string; readonly manifest: ModelManifest },
): Promise<SlideRequest> {
  const path = cohortPaths(settings.out).request(id);
  const old = await readOldRequest(settings.out, id);
  const known = await slideIdentity(source);
  // A server that is down for a while must not make a finished slide look changed.
  const identity: SlideIdentity = known ?? (isUrl(source) ? (old?.identity ?? null) : null);
  const { version, modelHash, manifest } = common;
  const fields = {
    id,
    source,
    name: slideName(source),
    identity,
    // Absolute for a user's folder, because jobs may start in another working directory.
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
    await replaceFile(path, `${JSON.stringify(now, null, 1)}\n`);
  }
  return now;
}

/** SHA-256 over graph, weights, classes and inputs; the model card and its metrics don't count. */
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
    classes: inDefaultColours(classes).map(({ name, colour, background }) => ({ name, colour, background })),
  };
}

/** Promise.all over `make` with limited concurrency; results in order. */
async function mapConcurrently<T, R>(
  items: readonly T[],
  make: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await make(items[i]!, i);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
}

/**
 * Number of jobs that share a slide. Counts all slices of the slide, including background: finding the tissue would mean
 * reading every slide here.
 * @returns 1 for a slide that can't be opened; its job reports the error.
 */
async function shardsFor(
  source: string,
  manifest: ModelManifest,
  { above_slices: aboveSlices, jobs }: NonNullable<CohortSettings['shards']>,
  { quality, mpp }: Pick<CohortSettings, 'quality' | 'mpp'>,
): Promise<number> {
  try {
    const slide = await openFromCommandLine([source]);
    try {
      const { plan } = await planSlide(slide, manifest, {
        mpp: slide.metadata.mpp === null ? mpp : null,
        area: { kind: 'slide' },
        overlap: overlapOf(quality),
        glass: null,
      });
      return plan.slices.length > aboveSlices ? jobs : 1;
    } finally {
      slide.close();
    }
  } catch {
    return 1;
  }
}

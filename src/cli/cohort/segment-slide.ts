/** `dualscope cohort segment` and `cohort merge`: a slide's jobs, from its request to its outcome. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { makeFolder } from '../../base/make-folder.node.ts';
import { withOutputLock } from '../../base/output-lock.node.ts';
import { replaceFile } from '../../base/replace-file.node.ts';
import { shellWord } from '../../base/shell-word.ts';
import type { SlideFigures, SlideOutcome } from '../../cohort/outcome.ts';
import type { SlideRequest } from '../../cohort/request.ts';
import { shardText, type Shard } from '../../segment/sub-plan.ts';
import type { Slide } from '../../slide/slide.ts';
import { CommandError } from '../command.ts';
import { mergeToFiles } from '../merge-run.ts';
import type { SegmentResult } from '../segment-result.ts';
import { segmentToFiles, type SegmentCall } from '../segment-run.ts';
import { segmentShard, type ShardResult } from '../segment-shard.ts';
import { openFromCommandLine } from '../slide.ts';
import { cohortPaths, readRequest, writeOutcome } from './cohort-folder.ts';

/** Bounding box of the gallery's thumbnail, in pixels: twice its displayed size, for high-density screens. */
const thumbnailPx = { width: 640, height: 480 };

/** The slide of a job, and the job's log. */
export interface SlideJob {
  /** Folder of the cohort. */
  readonly out: string;
  readonly id: string;
  /** Threads of the processor; all cores by default. */
  readonly threads?: number;
  readonly log: (line: string) => void;
}

/**
 * Segments the unfinished part of a slide and writes its outcome, also if it fails.
 * @throws any error of the segmentation; CommandError when parts of the slide can't be read.
 */
export async function segmentCohortSlide(job: SlideJob): Promise<SlideOutcome> {
  const request = await readRequest(job.out, job.id);
  return locked(job, 'job.lock', async (folder) => {
    await deleteOutdated(folder, request, job.log);
    return finish(job, request, (slide) => segmentWhole(slide, request, folder, job));
  });
}

/**
 * Segments a shard of a slide. Writes the slide's outcome only on failure; `mergeCohortSlide` writes the final one.
 * @throws any error of the segmentation.
 */
export async function segmentCohortShard(job: SlideJob, shard: Shard): Promise<ShardResult> {
  const request = await readRequest(job.out, job.id);
  // Shards start at the same time: the first to get the lock deletes outdated results, the others find it done.
  await locked(job, 'job.lock', (folder) => deleteOutdated(folder, request, job.log));
  return locked(job, `job.shard-${shard.index}-of-${shard.of}.lock`, async (folder) => {
    try {
      const slide = await openFromCommandLine([request.source]);
      try {
        const call = segmentCall(request, slide, join(folder, 'maps'), job.threads);
        job.log(asCommand('segment', call, shard));
        const result = await segmentShard(slide, call, shard);
        job.log(
          `Shard ${shardText(shard)}: ${result.slices} slices, ${result.computed} computed by this job.`,
        );
        return result;
      } finally {
        slide.close();
      }
    } catch (caught) {
      const { outcome, error } = failure(request, caught);
      await writeOutcome(job.out, job.id, outcome);
      throw error;
    }
  });
}

/**
 * Merges the shards of a slide and writes its outcome.
 * @throws any error of the merge; CommandError when parts of the slide can't be read, whose shards must then run again.
 */
export async function mergeCohortSlide(job: SlideJob): Promise<SlideOutcome> {
  const request = await readRequest(job.out, job.id);
  return locked(job, 'job.lock', (folder) =>
    finish(job, request, async (slide) => {
      const call = segmentCall(request, slide, join(folder, 'maps'));
      job.log(asCommand('merge', call));
      const result = await mergeToFiles(slide, { ...call, shards: request.shards });
      job.log(`Merged ${result.slices} slices from ${request.shards} shards.`);
      await clearShards(folder, result.broken > 0);
      return slideFigures(slide, request, result, folder);
    }),
  );
}

async function locked<T>(
  { out, id, log }: SlideJob,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = cohortPaths(out).slide(id);
  await makeFolder(folder);
  // A killed workflow leaves jobs in the cluster's queue. Those of the next one wait for them, and then find the work done.
  return withOutputLock(join(folder, name), () => work(folder), {
    onWait: (holder) => log(`Another job is segmenting this slide: ${holder}. Waiting.`),
  });
}

/** Deletes results that were made for another key, and stores the key for the new ones. */
async function deleteOutdated(
  folder: string,
  request: SlideRequest,
  log: (line: string) => void,
): Promise<void> {
  const note = join(folder, 'key');
  const old = await readFile(note, 'utf8').catch(() => null);
  if (old === request.key) return;
  if (old !== null) log('The slide, model, settings or program changed: starting over.');
  await rm(join(folder, 'maps'), { recursive: true, force: true });
  await rm(join(folder, 'outcome.json'), { force: true });
  await replaceFile(note, request.key);
}

/**
 * Deletes shards, which are large, once the slide is complete. If parts could not be read, deletes only the files that mark
 * shards as done, so that the workflow runs these jobs again.
 */
async function clearShards(folder: string, isBroken: boolean): Promise<void> {
  const doneMarker = /^shard-\d+-of-\d+\.json$/;
  const shardFile = /\.shard-\d+-of-\d+\.(slices|json)$/;
  const [parent, pattern] = isBroken ? [folder, doneMarker] : [join(folder, 'maps'), shardFile];
  for (const name of await readdir(parent)) {
    if (pattern.test(name)) await rm(join(parent, name), { force: true });
  }
}

/** Opens the slide, runs `work` on it and writes the outcome. @throws the error of a failed or partial outcome. */
async function finish(
  job: SlideJob,
  request: SlideRequest,
  work: (slide: Slide) => Promise<SlideFigures>,
): Promise<SlideOutcome> {
  const { outcome, error } = await outcomeOf(request, work);
  await writeOutcome(job.out, job.id, outcome);
  if (error !== null) throw error;
  return outcome;
}

async function outcomeOf(
  request: SlideRequest,
  work: (slide: Slide) => Promise<SlideFigures>,
): Promise<{ readonly outcome: SlideOutcome; readonly error: Error | null }> {
  const { key, name } = request;
  try {
    const slide = await openFromCommandLine([request.source]);
    let figures: SlideFigures;
    try {
      figures = await work(slide);
    } finally {
      slide.close();
    }
    if (figures.broken === 0) return { outcome: { key, status: 'done', error: null, figures }, error: null };
    const text = `${figures.broken} slices can't be read and were skipped. The next run tries them again.`;
    return {
      outcome: { key, status: 'partial', error: text, figures },
      error: new CommandError(`${name}: ${text}`),
    };
  } catch (caught) {
    return failure(request, caught);
  }
}

function failure({ key, name }: SlideRequest, caught: unknown): { outcome: SlideOutcome; error: Error } {
  const error = caught instanceof Error ? caught : new Error(String(caught));
  const status = error instanceof CommandError && error.exitCode > 128 ? 'stopped' : 'failed';
  return { outcome: { key, status, error: firstLine(error, name), figures: null }, error };
}

async function segmentWhole(
  slide: Slide,
  request: SlideRequest,
  folder: string,
  { log, threads }: SlideJob,
): Promise<SlideFigures> {
  const call = segmentCall(request, slide, join(folder, 'maps'), threads);
  log(asCommand('segment', call));
  const result = await segmentToFiles(slide, call);
  const { slices, computed, seconds, backend } = result;
  log(`${slices} slices, ${computed} computed by this job in ${seconds.toFixed(1)} s on ${backend}.`);
  return slideFigures(slide, request, result, folder);
}

/** The slide's figures for table and gallery. Writes its thumbnail to `folder`; the maps are in `folder`/maps. */
async function slideFigures(
  slide: Slide,
  { settings }: SlideRequest,
  result: SegmentResult,
  folder: string,
): Promise<SlideFigures> {
  const { width, height, mpp } = slide.metadata;
  const preview = result.files.find((file) => file.endsWith('.preview.png')) ?? '';
  const thumbnail = 'thumbnail.webp';
  const { data, info } = await sharp(join(folder, 'maps', basename(preview)))
    .resize({ ...thumbnailPx, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 82 })
    .toBuffer({ resolveWithObject: true });
  await replaceFile(join(folder, thumbnail), data);
  return {
    backend: result.backend,
    slices: result.slices,
    broken: result.broken,
    seconds: result.seconds,
    fitDistance: result.tissueFit?.distance ?? null,
    warning: result.warning ?? null,
    segmentedMm2: result.segmentedMm2,
    tissueMm2: result.tissueMm2,
    areas: result.areas.map(({ pixels: _pixels, ...area }) => area),
    confidence: result.confidence,
    width,
    height,
    mpp: mpp?.x ?? settings.mpp ?? Number.NaN,
    mppGiven: mpp === null,
    files: result.files.map((file) => `maps/${basename(file)}`),
    thumbnail: { file: thumbnail, width: info.width, height: info.height },
  };
}

/** The call of `dualscope segment` that carries out a request. */
function segmentCall(
  { source, model, settings }: SlideRequest,
  slide: Slide,
  out: string,
  threads?: number,
): SegmentCall {
  const { quality, glass, symmetries, simplify, mpp, backend } = settings;
  return {
    files: [source],
    model,
    out,
    resume: true,
    misfitRemedy:
      'Leave the slide out of the cohort, or plan the cohort with a model for fluorescence. dualscope segment --force uses the model all the same.',
    quality,
    glass,
    simplify,
    ...(symmetries && { symmetries }),
    ...(mpp === null || slide.metadata.mpp !== null ? {} : { mpp }),
    ...(backend === null ? {} : { backend: backend === 'wasm' ? 'tfjs' : backend }),
    ...(threads !== undefined && { threads }),
  };
}

/** The call as a shell command for the log, so that a person can repeat it. */
function asCommand(
  command: 'segment' | 'merge',
  { files, model, out, quality, glass, symmetries, simplify, mpp, backend, threads }: SegmentCall,
  shard: Shard | null = null,
): string {
  const slides = files.map((file) => (file.startsWith('-') ? `./${file}` : file));
  const words = ['dualscope', command, ...slides, '--model', model, '--out', out];
  words.push('--quality', quality, '--glass', glass, '--simplify', String(simplify));
  if (symmetries === true) words.push('--symmetries');
  if (mpp !== undefined) words.push('--mpp', String(mpp));
  if (backend !== undefined && command === 'segment') words.push('--backend', backend);
  if (threads !== undefined && command === 'segment') words.push('--threads', String(threads));
  if (command === 'segment') words.push('--resume');
  if (shard !== null) words.push('--shard', shardText(shard));
  return [...words, '--json'].map(shellWord).join(' ');
}

/** First line of an error message, without the slide's name, which the table has in its own column. */
function firstLine({ message }: Error, name: string): string {
  const line = message.split('\n')[0] ?? message;
  return line.startsWith(`${name}: `) ? line.slice(name.length + 2) : line;
}

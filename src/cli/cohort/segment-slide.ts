/** `dualscope cohort segment` and `cohort merge`: the jobs of one slide, from its request to its outcome. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { outcomeSchema, type SlideFigures, type SlideOutcome } from '../../cohort/outcome.ts';
import type { SlideRequest } from '../../cohort/request.ts';
import { shardText, type Shard } from '../../segment/sub-plan.ts';
import type { Slide } from '../../slide/slide.ts';
import { CommandError } from '../command.ts';
import { mergeToFiles } from '../merge-run.ts';
import { writeAtomically } from '../segment-result.ts';
import { segmentToFiles } from '../segment-run.ts';
import { segmentShard } from '../segment-run.ts';
import type { ShardResult } from '../segment-run.ts';
import { openFromCommandLine } from '../slide.ts';
import { cohortPlaces, readJson, readRequest } from './places.ts';
import { asCommand, segmentCall } from './segment-call.ts';
import { slideFigures } from './slide-figures.ts';
import { withSlideLock } from './slide-lock.ts';

/** A job's slide, and where it tells what is worth a line in the log. */
export interface SlideJob {
  /** Folder of the cohort. */
  readonly out: string;
  readonly id: string;
  readonly say: (line: string) => void;
}

/**
 * Segments a slide of a cohort, or what is left of it, and writes its outcome, whatever that is.
 * @throws what segmenting throws; CommandError when parts of the slide can't be read.
 */
export async function segmentOfCohort(job: SlideJob): Promise<SlideOutcome> {
  const request = await readRequest(job.out, job.id);
  return locked(job, 'lock', async (folder) => {
    await clearOlder(folder, request, job.say);
    return finish(job, request, (slide) => wholeSlide(slide, request, folder, job.say));
  });
}

/**
 * Segments a shard of a slide. Only what goes wrong is an outcome of the slide: `mergeOfCohort` has the last word.
 * @throws what segmenting throws.
 */
export async function shardOfCohort(job: SlideJob, shard: Shard): Promise<ShardResult> {
  const request = await readRequest(job.out, job.id);
  // Shards begin at once: one of them clears what is of older settings, the others find it done.
  await locked(job, 'lock', (folder) => clearOlder(folder, request, job.say));
  return locked(job, `lock.shard-${shard.index}-of-${shard.of}`, async (folder) => {
    try {
      const slide = await openFromCommandLine([request.source]);
      try {
        const call = segmentCall(request, slide, join(folder, 'maps'));
        job.say(asCommand('segment', call, shard));
        const result = await segmentShard(slide, call, shard);
        job.say(
          `Shard ${shardText(shard)}: ${result.slices} slices, ${result.computed} of them computed now.`,
        );
        return result;
      } finally {
        slide.close();
      }
    } catch (caught) {
      const { told, error } = failure(request, caught);
      await writeOutcome(job, told);
      throw error;
    }
  });
}

/**
 * Puts a slide's shards together and writes its outcome.
 * @throws what merging throws; CommandError when parts of the slide can't be read: their shards are due again then.
 */
export async function mergeOfCohort(job: SlideJob): Promise<SlideOutcome> {
  const request = await readRequest(job.out, job.id);
  return locked(job, 'lock', (folder) =>
    finish(job, request, async (slide) => {
      const call = segmentCall(request, slide, join(folder, 'maps'));
      job.say(asCommand('merge', call));
      const result = await mergeToFiles(slide, { ...call, shards: request.shards });
      job.say(`${result.slices} slices of ${request.shards} shards merged.`);
      await clearShards(folder, result.broken > 0);
      return slideFigures(slide, request, result, folder);
    }),
  );
}

async function locked<T>(
  { out, id, say }: SlideJob,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = cohortPlaces(out).slide(id);
  await mkdir(folder, { recursive: true });
  return withSlideLock(
    join(folder, name),
    () => work(folder),
    (holder) => say(`The slide is being segmented already (${holder}); waiting.`),
  );
}

/** Results of another key do not fit: takes them away, and notes the key that those to come are of. */
async function clearOlder(folder: string, request: SlideRequest, say: (line: string) => void): Promise<void> {
  const note = join(folder, 'key');
  const old = await readFile(note, 'utf8').catch(() => null);
  if (old === request.key) return;
  if (old !== null) say('Slide, model, settings or program have changed: beginning anew.');
  await rm(join(folder, 'maps'), { recursive: true, force: true });
  await rm(join(folder, 'outcome.json'), { force: true });
  await writeAtomically(note, request.key);
}

/**
 * Shards are large and no longer needed when the slide is whole. Where parts could not be read, their jobs are to be done again:
 * the workflow goes by the files that say they are done.
 */
async function clearShards(folder: string, isBroken: boolean): Promise<void> {
  const done = /^shard-\d+-of-\d+\.json$/;
  const kept = /\.shard-\d+-of-\d+\.(slices|json)$/;
  const [place, pattern] = isBroken ? [folder, done] : [join(folder, 'maps'), kept];
  for (const name of await readdir(place)) {
    if (pattern.test(name)) await rm(join(place, name), { force: true });
  }
}

/** Opens the slide, has it worked on, and writes down what has come of it. */
async function finish(
  job: SlideJob,
  request: SlideRequest,
  work: (slide: Slide) => Promise<SlideFigures>,
): Promise<SlideOutcome> {
  const { told, error } = await outcomeOf(request, work);
  await writeOutcome(job, told);
  if (error !== null) throw error;
  return told;
}

async function outcomeOf(
  request: SlideRequest,
  work: (slide: Slide) => Promise<SlideFigures>,
): Promise<{ readonly told: SlideOutcome; readonly error: Error | null }> {
  const { key, name } = request;
  try {
    const slide = await openFromCommandLine([request.source]);
    let figures: SlideFigures;
    try {
      figures = await work(slide);
    } finally {
      slide.close();
    }
    if (figures.broken === 0) return { told: { key, status: 'done', error: null, figures }, error: null };
    const text = `${figures.broken} slices can't be read and are left out. The next run tries them again.`;
    return {
      told: { key, status: 'partial', error: text, figures },
      error: new CommandError(`${name}: ${text}`),
    };
  } catch (caught) {
    return failure(request, caught);
  }
}

function failure({ key, name }: SlideRequest, caught: unknown): { told: SlideOutcome; error: Error } {
  const error = caught instanceof Error ? caught : new Error(String(caught));
  const status = error instanceof CommandError && error.exitCode > 128 ? 'stopped' : 'failed';
  return { told: { key, status, error: lineOf(error, name), figures: null }, error };
}

async function wholeSlide(
  slide: Slide,
  request: SlideRequest,
  folder: string,
  say: (line: string) => void,
): Promise<SlideFigures> {
  const call = segmentCall(request, slide, join(folder, 'maps'));
  say(asCommand('segment', call));
  const result = await segmentToFiles(slide, call);
  const { slices, computed, seconds, backend } = result;
  say(`${slices} slices, ${computed} of them computed now in ${seconds.toFixed(1)} s on ${backend}.`);
  return slideFigures(slide, request, result, folder);
}

async function writeOutcome({ out, id }: SlideJob, outcome: SlideOutcome): Promise<void> {
  await writeAtomically(cohortPlaces(out).outcome(id), `${JSON.stringify(outcome, null, 1)}\n`);
}

/** The outcome that a slide's job has left. */
export function readOutcome(out: string, id: string): Promise<SlideOutcome | null> {
  return readJson(cohortPlaces(out).outcome(id), outcomeSchema);
}

/** One line of an error, without the slide's name, which stands beside it. */
function lineOf({ message }: Error, name: string): string {
  const line = message.split('\n')[0] ?? message;
  return line.startsWith(`${name}: `) ? line.slice(name.length + 2) : line;
}

/** `dualscope cohort segment`: the job of one slide, from its request to its outcome. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { outcomeSchema, type SlideFigures, type SlideOutcome } from '../../cohort/outcome.ts';
import type { SlideRequest } from '../../cohort/request.ts';
import type { Slide } from '../../slide/slide.ts';
import { CommandError } from '../command.ts';
import { writeAtomically, type SegmentResult } from '../segment-result.ts';
import { segmentToFiles, type SegmentCall } from '../segment-run.ts';
import { openFromCommandLine } from '../slide.ts';
import { cohortPlaces, readJson, readRequest } from './places.ts';
import { withSlideLock } from './slide-lock.ts';

/** Longest sides of the gallery's small preview, pixels: sharp on a screen of two pixels a point. */
const thumbnailPx = { width: 640, height: 480 };

/**
 * Segments a slide of a cohort, or what is left of it, and writes its outcome, whatever that is.
 * @param say told what is worth a line in the log.
 * @throws what segmenting throws; CommandError when parts of the slide can't be read.
 */
export async function segmentOfCohort(
  out: string,
  id: string,
  say: (line: string) => void,
): Promise<SlideOutcome> {
  const request = await readRequest(out, id);
  const places = cohortPlaces(out);
  const folder = places.slide(id);
  await mkdir(folder, { recursive: true });
  return withSlideLock(
    join(folder, 'lock'),
    async () => {
      await clearOlder(folder, request, say);
      const outcome = await outcomeOf(request, folder, say);
      await writeAtomically(places.outcome(id), `${JSON.stringify(outcome.told, null, 1)}\n`);
      if (outcome.error !== null) throw outcome.error;
      return outcome.told;
    },
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

async function outcomeOf(
  request: SlideRequest,
  folder: string,
  say: (line: string) => void,
): Promise<{ readonly told: SlideOutcome; readonly error: Error | null }> {
  const { key } = request;
  try {
    const figures = await figuresOf(request, folder, say);
    const { broken } = figures;
    if (broken === 0) return { told: { key, status: 'done', error: null, figures }, error: null };
    const error = new CommandError(
      `${request.name}: ${broken} slices can't be read and are left out. The next run tries them again.`,
    );
    return { told: { key, status: 'partial', error: lineOf(error, request.name), figures }, error };
  } catch (caught) {
    const error = caught instanceof Error ? caught : new Error(String(caught));
    const status = error instanceof CommandError && error.exitCode > 128 ? 'stopped' : 'failed';
    return { told: { key, status, error: lineOf(error, request.name), figures: null }, error };
  }
}

async function figuresOf(
  request: SlideRequest,
  folder: string,
  say: (line: string) => void,
): Promise<SlideFigures> {
  const slide = await openFromCommandLine([request.source]);
  try {
    const call = callFor(request, slide, join(folder, 'maps'));
    say(asCommand(call));
    const result = await segmentToFiles(slide, call);
    say(
      `${result.slices} slices, ${result.computed} of them computed now in ${result.seconds.toFixed(1)} s on ${result.backend}.`,
    );
    return await figures(slide, request, result, folder);
  } finally {
    slide.close();
  }
}

function callFor({ source, model, settings }: SlideRequest, slide: Slide, out: string): SegmentCall {
  const { quality, glass, simplify, mpp, backend } = settings;
  return {
    files: [source],
    model,
    out,
    resume: true,
    quality,
    glass,
    simplify,
    ...(mpp === null || slide.metadata.mpp !== null ? {} : { mpp }),
    ...(backend === null ? {} : { backend }),
  };
}

/** The same, for a person who wants to do it by hand. */
function asCommand({ files, model, out, quality, glass, simplify, mpp, backend }: SegmentCall): string {
  const quoted = (text: string): string =>
    /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
  const words = ['dualscope', 'segment', ...files, '--model', model, '--out', out, '--resume'];
  words.push('--quality', quality, '--glass', glass, '--simplify', String(simplify));
  if (mpp !== undefined) words.push('--mpp', String(mpp));
  if (backend !== undefined) words.push('--backend', backend);
  return [...words, '--json'].map(quoted).join(' ');
}

async function figures(
  slide: Slide,
  { settings }: SlideRequest,
  result: SegmentResult,
  folder: string,
): Promise<SlideFigures> {
  const { width, height, mpp } = slide.metadata;
  const preview = result.files.find((file) => file.endsWith('.preview.png')) ?? '';
  const thumbnail = 'thumbnail.webp';
  const small = await sharp(join(folder, 'maps', basename(preview)))
    .resize({ ...thumbnailPx, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 82 })
    .toFile(join(folder, thumbnail));
  return {
    backend: result.backend,
    slices: result.slices,
    broken: result.broken,
    seconds: result.seconds,
    segmentedMm2: result.segmentedMm2,
    tissueMm2: result.tissueMm2,
    areas: result.areas.map(({ pixels: _pixels, ...area }) => area),
    confidence: result.confidence,
    width,
    height,
    mpp: mpp?.x ?? settings.mpp ?? Number.NaN,
    mppGiven: mpp === null,
    files: result.files.map((file) => `maps/${basename(file)}`),
    thumbnail: { file: thumbnail, width: small.width, height: small.height },
  };
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

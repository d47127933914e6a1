/** What `dualscope segment` does: plans, segments what is still to be done, writes the results. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { confidenceSummary } from '../export/confidence-summary.ts';
import { boundsOf, tissueMm2, withinArea } from '../export/map-area.ts';
import { MapStrips } from '../export/map-strips.ts';
import { runKey } from '../export/run-key.ts';
import type { SliceJournal } from '../export/slice-journal.node.ts';
import { writeMaps } from '../export/write-maps.node.ts';
import type { BackendName } from '../runtime/backend.ts';
import type { RunSummary } from '../segment/engine.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { overlapOf, type QualityId } from '../segment/quality.ts';
import { readTissue } from '../segment/read-tissue.ts';
import { noTime } from '../segment/run-report.ts';
import { slideReader } from '../segment/slide-reader.ts';
import { hasTissue } from '../segment/tissue.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { readRegion } from '../slide/region.ts';
import { SlideError, type Level0Rect, type RgbaImage, type Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { startReadingThread } from './reading-thread.ts';
import { manifestOf, micrometresPerPixel, planFor, readyModel, runOnSlide, stem } from './run-model.ts';
import {
  journalFile,
  resultFile,
  startOrResume,
  unfinishedSlices,
  writeAreas,
  writeAtomically,
  type SegmentResult,
} from './segment-files.ts';
import { areaOf } from './slide-area.ts';

/** What is to be segmented, and how; the options of the command. */
export interface SegmentCall {
  /** What the slide was opened by, as `openFromCommandLine` takes it. */
  readonly files: readonly string[];
  readonly model: string;
  readonly out: string;
  readonly roi?: Level0Rect;
  readonly annotations?: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly mpp?: number;
  readonly quality: QualityId;
  readonly overlap?: number;
  readonly glass: 'skip' | 'include';
  readonly simplify: number;
  readonly backend?: BackendName;
}

/**
 * Segments what is still to be done and writes the results; gives those that are there when all is.
 * @throws CommandError when there is nothing to segment, results are in the way, or a signal stops the run; SlideError,
 * ModelError.
 */
export async function segmentToFiles(slide: Slide, call: SegmentCall): Promise<SegmentResult> {
  const { name, fingerprint } = slide.metadata;
  const manifest = await manifestOf(call.model);
  const area = await areaOf(call);
  const mpp = micrometresPerPixel(slide, call.mpp ?? null);
  const reader = slideReader(slide, nodePlatform());
  const tissue = await readTissue(
    reader,
    slide.metadata,
    manifest.slice.fieldUm / mpp.x,
    new AbortController().signal,
  );
  const onTissue = call.glass === 'skip' ? tissue : null;
  const whole = planFor(
    slide,
    { manifest },
    {
      mpp: call.mpp ?? null,
      overlap: call.overlap ?? overlapOf(call.quality),
      area: boundsOf(area),
      ...(onTissue === null ? {} : { keep: (cell: Level0Rect) => hasTissue(onTissue, cell) }),
    },
  );
  const plan = withinArea(whole, area);
  if (plan.slices.length === 0) {
    throw new CommandError(
      `${name}: Nothing is to be segmented. Give an area with tissue, or --glass include.`,
    );
  }
  await mkdir(call.out, { recursive: true });
  const prefix = join(call.out, `${stem(name)}.${manifest.id}`);
  const key = await runKey(fingerprint, manifest, plan, { area, glass: call.glass });
  const started = await startOrResume(
    { prefix, head: { key, cellPx: plan.cellPx }, simplifyUm: call.simplify },
    call.overwrite === true ? 'overwrite' : call.resume === true ? 'resume' : 'fresh',
  );
  if ('finished' in started) return { ...started.finished, computed: 0 };
  const { journal } = started;
  try {
    const { summary, backend } = await fillJournal(slide, plan, journal, call);
    const umPerPx = manifest.slice.fieldUm / manifest.slice.sizePx;
    const strips = new MapStrips(plan, area, (column, row) => journal.read(column, row));
    const maps = await writeMaps({
      strips,
      manifest,
      prefix,
      slideName: name,
      umPerPx,
      tolerance: call.simplify / umPerPx,
      picture: (width, height) => pictureOf(slide, strips, width, height),
    });
    const tissueArea = tissue === null ? null : tissueMm2(tissue, area, mpp);
    const { files, ...areas } = await writeAreas(prefix, manifest, maps.counts, umPerPx, tissueArea, name);
    const result: SegmentResult = {
      slide: name,
      model: manifest.id,
      backend,
      slices: journal.size,
      computed: summary.slices,
      broken: plan.slices.length - journal.size,
      seconds: summary.seconds,
      stages: summary.stages,
      ...areas,
      tissueMm2: tissueArea,
      confidence: confidenceSummary(manifest, maps.confidences),
      polygons: maps.polygons,
      mapScale: strips.scale,
      umPerPx,
      simplifyUm: call.simplify,
      key,
      files: [...maps.files, ...files, resultFile(prefix)],
    };
    // Last: a result file says that all the others are there.
    await writeAtomically(resultFile(prefix), `${JSON.stringify(result, null, 2)}\n`);
    if (result.broken === 0) await rm(journalFile(prefix), { force: true });
    return result;
  } finally {
    journal.close();
  }
}

/**
 * Runs the engine on the slices that the journal lacks. Nothing is started when it lacks none.
 * @throws CommandError when a signal stops the run; what is finished stays in the journal.
 */
async function fillJournal(
  slide: Slide,
  plan: SlicePlan,
  journal: SliceJournal,
  call: SegmentCall,
): Promise<{ summary: RunSummary; backend: string }> {
  const queue = unfinishedSlices(plan, journal);
  if (queue.length === 0) return { summary: nothingDone, backend: 'none' };
  const reading = startReadingThread();
  // Opened while the network is loaded. What it can't open here is told when it is asked for.
  const opening = reading.open(call.files);
  opening.catch(() => undefined);
  const { segmenter, backend } = await readyModel(call.model, call.backend ?? null).catch(
    async (error: unknown) => {
      await reading.close();
      throw error;
    },
  );
  const controller = new AbortController();
  let stoppedBy = 0;
  const stop = (signal: NodeJS.Signals): void => {
    stoppedBy = signal === 'SIGINT' ? 130 : 143;
    controller.abort();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    const reader = reading.reader(await opening);
    const summary = await runOnSlide(
      slide,
      segmenter,
      plan,
      ({ index, classes, confidence }) => {
        const place = plan.slices[index];
        // A run that is stopped hands on cells that were not blended with all of their neighbours.
        const isWhole = plan.marginPx === 0 || !controller.signal.aborted;
        if (place === undefined || !isWhole || journal.has(place.column, place.row)) return;
        journal.append(place.column, place.row, { classes, confidence });
      },
      { queue, signal: controller.signal, reader },
    );
    if (summary.cancelled) {
      throw new CommandError(
        `${slide.metadata.name}: Stopped with ${journal.size} of ${plan.slices.length} slices done. --resume goes on.`,
        stoppedBy,
      );
    }
    return { summary, backend: backend.name };
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    await reading.close();
    segmenter.dispose();
  }
}

const nothingDone: RunSummary = {
  slices: 0,
  broken: 0,
  regionsEncoded: 0,
  seconds: 0,
  cancelled: false,
  stages: noTime,
  memory: null,
};

/** The slide as a small picture, exactly under the map; white, with a word on stderr, where it can't be read. */
async function pictureOf(slide: Slide, strips: MapStrips, width: number, height: number): Promise<RgbaImage> {
  const extent = { x: 0, y: 0, width: strips.width * strips.scale.x, height: strips.height * strips.scale.y };
  try {
    return await readRegion(slide, extent, width, height, { decoder: nodePlatform().decoder });
  } catch (error) {
    if (!(error instanceof SlideError)) throw error;
    process.stderr.write(`dualscope: the preview is on white: ${error.message}\n`);
    return { width, height, data: new Uint8ClampedArray(4 * width * height).fill(255) };
  }
}

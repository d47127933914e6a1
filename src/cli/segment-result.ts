/** A slide's result files: maps, polygons, preview, areas and the result file, replaced together. */
import { resultMark } from '../base/overridden-check.ts';
import { FileSet } from '../base/file-set.node.ts';
import type { OutputLock } from '../base/output-lock.node.ts';
import type { FileDigest } from '../base/replace-file.node.ts';
import { tissueMm2 } from '../export/map-area.ts';
import {
  areaCsv,
  areaTable,
  confidenceSummary,
  type AreaRow,
  type ConfidenceSummary,
} from '../export/map-figures.ts';
import { MapStrips, StitchedRows } from '../export/map-strips.ts';
import { mapFiles, writeMaps } from '../export/write-maps.node.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { PlannedSlice } from '../segment/grid.ts';
import type { StageTimes } from '../segment/run-progress.ts';
import { isUnlikeTraining, type TissueFit } from '../base/tissue-fit.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { readRegion } from '../slide/region.ts';
import { SlideError, type RgbaImage, type Slide } from '../slide/slide.ts';
import { seal, type Sealed } from './sealed-json.ts';
import type { PlannedSegment } from './segment-plan.ts';
import { warn } from './terminal.ts';

/** `SegmentResult.format`; the digit is the version. */
export const resultFormat = 'dualscope-result-3';

/** The result file, and what `--json` prints. */
export interface SegmentResult extends Sealed {
  readonly slide: string;
  readonly model: string;
  /** Whether the model had to pass its check, or ran with --force; the other files of the result say so, too. */
  readonly modelCheck: 'passed' | 'overridden';
  /** Why the model failed its check, where that is known. */
  readonly modelProblem?: string;
  /**
   * How near the tissue is to the model's training data; null where it was not measured: the model has no statistics, or no
   * slice could be read.
   */
  readonly tissueFit: TissueFit | null;
  /** Why the result must not be trusted; the other files say it, too. */
  readonly warning?: string;
  readonly backend: string;
  /** Slices in the maps; this call computed `computed` of them, earlier calls the others. */
  readonly slices: number;
  readonly computed: number;
  readonly broken: number;
  readonly seconds: number;
  readonly stages: StageTimes;
  /** mm² of tissue per class, without background. */
  readonly areasMm2: Readonly<Record<string, number>>;
  /** Segmented tissue; all that was segmented where the tissue is unknown. */
  readonly segmentedMm2: number;
  /** Tissue within the requested area; null if tissue was not detected. */
  readonly tissueMm2: number | null;
  readonly areas: readonly AreaRow[];
  /** The model's confidence over the segmented tissue; null if nothing was segmented. */
  readonly confidence: ConfidenceSummary | null;
  readonly polygons: number;
  /** Level-0 pixels, and µm, per pixel of the maps. */
  readonly mapScale: { readonly x: number; readonly y: number };
  readonly umPerPx: number;
  /** Where --mpp replaces what the slide states, a sentence that says so. */
  readonly mppNote?: string;
  readonly simplifyUm: number;
  /** True where slices are averages over the eight orientations. */
  readonly symmetries?: true;
  /** True where the context was left out. */
  readonly withoutContext?: true;
  /** SHA-256 over slide, model and grid; identifies the slices. */
  readonly key: string;
  /** SHA-256 of area and background mode. */
  readonly areaKey: string;
  readonly files: readonly string[];
  /** Length and hash of each of `files` but the result file itself, by name. */
  readonly digests: Readonly<Record<string, FileDigest>>;
}

/** The run that computed the slices of a result. */
export type ResultRun = Pick<
  SegmentResult,
  'modelProblem' | 'tissueFit' | 'backend' | 'slices' | 'computed' | 'seconds' | 'stages'
>;

export function resultFile(prefix: string): string {
  return `${prefix}.json`;
}

/** All files of a result, the result file last. */
export function resultFiles(prefix: string): string[] {
  const { classes, confidence, polygons, preview } = mapFiles(prefix);
  const { csv, json } = areaFiles(prefix);
  return [classes, confidence, polygons, preview, csv, json, resultFile(prefix)];
}

function areaFiles(prefix: string): { readonly csv: string; readonly json: string } {
  return { csv: `${prefix}.areas.csv`, json: `${prefix}.areas.json` };
}

/** The files of a result as a set, after finishing or clearing away what a killed process left. Needs the output's lock. */
export function openResultSet(prefix: string): Promise<FileSet> {
  return FileSet.open(`${prefix}.commit`, resultFiles(prefix));
}

/**
 * Writes all result files of a slide, and replaces earlier ones once they are complete.
 * @param readSlice the network's result for a slice; null if the slide could not be read there. Called from top to bottom.
 * @param simplifyUm maximum deviation of polygon outlines, µm.
 * @param output where they go: the open set, and the lock that must still be held before they take their places.
 * @throws any error of `readSlice`; NodeJS.ErrnoException when a file can't be written; OutputLostError.
 */
export async function writeResult(
  slide: Slide,
  planned: PlannedSegment,
  readSlice: (slice: PlannedSlice) => SliceMaps | null,
  run: ResultRun,
  simplifyUm: number,
  output: { readonly set: FileSet; readonly lock: OutputLock },
): Promise<SegmentResult> {
  try {
    return await writeSet(slide, planned, readSlice, run, simplifyUm, output);
  } catch (error) {
    await output.set.discard();
    throw error;
  }
}

async function writeSet(
  slide: Slide,
  planned: PlannedSegment,
  readSlice: (slice: PlannedSlice) => SliceMaps | null,
  run: ResultRun,
  simplifyUm: number,
  { set, lock }: { readonly set: FileSet; readonly lock: OutputLock },
): Promise<SegmentResult> {
  const { manifest, plan, area, prefix, tissue, mpp, mppNote, key, areaKey } = planned;
  const { name, fingerprint, width, height } = slide.metadata;
  const mark = markOf(planned, run);
  const umPerPx = manifest.slice.fieldUm / manifest.slice.sizePx;
  const broken = plan.slices.length - run.slices;
  let missing = 0;
  const rows = new StitchedRows(plan, (slice) => {
    const maps = readSlice(slice);
    if (maps === null) missing++;
    return maps;
  });
  const strips = new MapStrips(plan, area, (column, row) => rows.read(column, row));
  const maps = await writeMaps({
    strips,
    manifest,
    mark,
    tissue,
    prefix,
    slideName: name,
    slide: { fingerprint, width, height },
    umPerPx,
    tolerance: simplifyUm / umPerPx,
    picture: (width, height) => slidePicture(slide, strips, width, height),
    set,
  });
  if (missing > broken) {
    throw new Error(
      `${prefix}: ${missing - broken} slices have been lost since they were computed, so no maps are written. ` +
        'Run the command again.',
    );
  }
  const tissueArea = tissue === null ? null : tissueMm2(tissue, area, mpp);
  const areas = await writeAreas(set, planned, mark, maps.counts, umPerPx, tissueArea, name);
  const { value, text } = seal(resultFormat, {
    slide: name,
    model: manifest.id,
    modelCheck: modelCheckOf(planned),
    ...(run.modelProblem !== undefined && { modelProblem: run.modelProblem }),
    tissueFit: run.tissueFit,
    ...(mark !== null && { warning: mark }),
    backend: run.backend,
    slices: run.slices,
    computed: run.computed,
    broken,
    seconds: run.seconds,
    stages: run.stages,
    ...areas,
    tissueMm2: tissueArea,
    confidence: confidenceSummary(manifest, maps.confidences),
    polygons: maps.polygons,
    mapScale: strips.scale,
    umPerPx,
    ...(mppNote !== null && { mppNote }),
    simplifyUm,
    ...(planned.symmetries && { symmetries: true as const }),
    ...(planned.withoutContext && { withoutContext: true as const }),
    key,
    areaKey,
    files: resultFiles(prefix),
    digests: await set.digests(),
  });
  await set.add(resultFile(prefix), text);
  await lock.check();
  await set.commit();
  return value;
}

/** What results say of the model's check. */
export function modelCheckOf({ force }: Pick<PlannedSegment, 'force'>): SegmentResult['modelCheck'] {
  return force ? 'overridden' : 'passed';
}

/** What the files of a result are marked with; see `resultMark`. */
function markOf({ force }: PlannedSegment, { tissueFit }: ResultRun): string | null {
  return resultMark(force, tissueFit !== null && isUnlikeTraining(tissueFit));
}

/** Identifies results; part of `PlannedSegment`. */
export type ResultIdentity = Pick<PlannedSegment, 'key' | 'areaKey' | 'prefix'>;

/** Whether a result has the same slide, model, grid, area and polygon tolerance. */
export function belongsToRun(
  result: SegmentResult,
  { key, areaKey }: Pick<ResultIdentity, 'key' | 'areaKey'>,
  simplifyUm: number,
): boolean {
  return result.key === key && result.areaKey === areaKey && result.simplifyUm === simplifyUm;
}

/** Computes the areas and writes them as CSV and JSON. */
async function writeAreas(
  set: FileSet,
  planned: PlannedSegment,
  mark: string | null,
  counts: ArrayLike<number>,
  umPerPx: number,
  tissueMm2: number | null,
  slide: string,
): Promise<Pick<SegmentResult, 'areas' | 'areasMm2' | 'segmentedMm2'>> {
  const { prefix, manifest } = planned;
  const areas = areaTable(manifest, counts, umPerPx);
  const segmentedMm2 = areas.reduce((sum, { areaMm2 }) => sum + areaMm2, 0);
  const { csv, json } = areaFiles(prefix);
  await set.add(csv, areaCsv(areas, mark));
  await set.add(
    json,
    `${JSON.stringify({ slide, model: manifest.id, modelCheck: modelCheckOf(planned), ...(mark !== null && { warning: mark }), umPerPx, segmentedMm2, tissueMm2, areas }, null, 2)}\n`,
  );
  const foreground = areas.filter(({ background }) => !background);
  return {
    areas,
    areasMm2: Object.fromEntries(foreground.map((row) => [row.class, row.areaMm2])),
    segmentedMm2,
  };
}

/** The slide, scaled to the map's extent. White, with a message on stderr, if it can't be read. */
export async function slidePicture(
  slide: Slide,
  strips: MapStrips,
  width: number,
  height: number,
): Promise<RgbaImage> {
  const extent = { x: 0, y: 0, width: strips.width * strips.scale.x, height: strips.height * strips.scale.y };
  try {
    return await readRegion(slide, extent, width, height, { decoder: nodePlatform().decoder });
  } catch (error) {
    if (!(error instanceof SlideError)) throw error;
    warn(`the preview has a white background: ${error.message}`);
    return { width, height, data: new Uint8ClampedArray(4 * width * height).fill(255) };
  }
}

/** A slide's result files: maps, polygons, preview, areas and finally the result file, which marks them complete. */
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tissueMm2 } from '../export/map-area.ts';
import {
  areaCsv,
  areaTable,
  confidenceSummary,
  type AreaRow,
  type ConfidenceSummary,
} from '../export/map-figures.ts';
import { MapStrips, StitchedRows } from '../export/map-strips.ts';
import { mapFiles, partOf, writeMaps } from '../export/write-maps.node.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { PlannedSlice } from '../segment/grid.ts';
import type { StageTimes } from '../segment/run-progress.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { readRegion } from '../slide/region.ts';
import { SlideError, type RgbaImage, type Slide } from '../slide/slide.ts';
import type { PlannedSegment } from './segment-plan.ts';
import { warn } from './terminal.ts';

/** The result file, and what `--json` prints. */
export interface SegmentResult {
  readonly slide: string;
  readonly model: string;
  readonly backend: string;
  /** Slices in the maps; this call computed `computed` of them, earlier calls the others. */
  readonly slices: number;
  readonly computed: number;
  readonly broken: number;
  readonly seconds: number;
  readonly stages: StageTimes;
  /** mm² per class, without background. */
  readonly areasMm2: Readonly<Record<string, number>>;
  readonly segmentedMm2: number;
  /** Tissue within the requested area; null if tissue was not detected. */
  readonly tissueMm2: number | null;
  readonly areas: readonly AreaRow[];
  /** The model's confidence over the map; null if nothing was segmented. */
  readonly confidence: ConfidenceSummary | null;
  readonly polygons: number;
  /** Level-0 pixels, and µm, per pixel of the maps. */
  readonly mapScale: { readonly x: number; readonly y: number };
  readonly umPerPx: number;
  readonly simplifyUm: number;
  /** SHA-256 over slide, model and grid; identifies the slices. */
  readonly key: string;
  /** SHA-256 of area and background mode. */
  readonly areaKey: string;
  readonly files: readonly string[];
}

/** The run that computed the slices of a result. */
export type ResultRun = Pick<SegmentResult, 'backend' | 'slices' | 'computed' | 'seconds' | 'stages'>;

export function resultFile(prefix: string): string {
  return `${prefix}.json`;
}

/**
 * Writes all result files of a slide.
 * @param readSlice the network's result for a slice; null if the slide could not be read there. Called from top to bottom.
 * @param simplifyUm maximum deviation of polygon outlines, µm.
 * @throws any error of `readSlice`; NodeJS.ErrnoException when a file can't be written.
 */
export async function writeResult(
  slide: Slide,
  planned: PlannedSegment,
  readSlice: (slice: PlannedSlice) => SliceMaps | null,
  run: ResultRun,
  simplifyUm: number,
): Promise<SegmentResult> {
  const { manifest, plan, area, prefix, tissue, mpp, key, areaKey } = planned;
  const { name } = slide.metadata;
  const umPerPx = manifest.slice.fieldUm / manifest.slice.sizePx;
  const rows = new StitchedRows(plan, readSlice);
  const strips = new MapStrips(plan, area, (column, row) => rows.read(column, row));
  const maps = await writeMaps({
    strips,
    manifest,
    prefix,
    slideName: name,
    umPerPx,
    tolerance: simplifyUm / umPerPx,
    picture: (width, height) => slidePicture(slide, strips, width, height),
  });
  const tissueArea = tissue === null ? null : tissueMm2(tissue, area, mpp);
  const { files, ...areas } = await writeAreas(prefix, manifest, maps.counts, umPerPx, tissueArea, name);
  const result: SegmentResult = {
    slide: name,
    model: manifest.id,
    backend: run.backend,
    slices: run.slices,
    computed: run.computed,
    broken: plan.slices.length - run.slices,
    seconds: run.seconds,
    stages: run.stages,
    ...areas,
    tissueMm2: tissueArea,
    confidence: confidenceSummary(manifest, maps.confidences),
    polygons: maps.polygons,
    mapScale: strips.scale,
    umPerPx,
    simplifyUm,
    key,
    areaKey,
    files: [...maps.files, ...files, resultFile(prefix)],
  };
  // Last, because the result file marks all others as complete.
  await writeAtomically(resultFile(prefix), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/** The existing result; null if there is none or it is incomplete. */
export async function readResult(prefix: string): Promise<SegmentResult | null> {
  return readJson<SegmentResult>(resultFile(prefix));
}

/** A JSON file written by this program; null if it is missing or not valid JSON. */
export async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return null;
  }
}

/** Identifies results; part of `PlannedSegment`. */
type ResultIdentity = Pick<PlannedSegment, 'key' | 'areaKey'>;

/** Whether a result belongs to this run, has no skipped slices, and all its files exist. */
export async function isComplete(
  result: SegmentResult,
  planned: ResultIdentity,
  simplifyUm: number,
): Promise<boolean> {
  return belongsToRun(result, planned, simplifyUm) && result.broken === 0 && (await allExist(result.files));
}

/** Whether a result has the same slide, model, grid, area and polygon tolerance. */
export function belongsToRun(
  result: SegmentResult,
  { key, areaKey }: ResultIdentity,
  simplifyUm: number,
): boolean {
  return result.key === key && result.areaKey === areaKey && result.simplifyUm === simplifyUm;
}

/** Deletes result files, starting with the one that marks them complete. */
export async function removeResults(prefix: string): Promise<void> {
  const { classes, confidence, polygons, preview } = mapFiles(prefix);
  for (const file of [resultFile(prefix), classes, confidence, polygons, preview]) {
    await rm(file, { force: true });
  }
}

async function allExist(files: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    files.map((file) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}

/** Computes the areas and writes them as CSV and JSON. */
async function writeAreas(
  prefix: string,
  manifest: ModelManifest,
  counts: ArrayLike<number>,
  umPerPx: number,
  tissueMm2: number | null,
  slide: string,
): Promise<Pick<SegmentResult, 'areas' | 'areasMm2' | 'segmentedMm2' | 'files'>> {
  const areas = areaTable(manifest, counts, umPerPx, tissueMm2);
  const segmentedMm2 = areas.reduce((sum, { areaMm2 }) => sum + areaMm2, 0);
  const csv = `${prefix}.areas.csv`;
  const json = `${prefix}.areas.json`;
  await writeAtomically(csv, areaCsv(areas));
  await writeAtomically(
    json,
    `${JSON.stringify({ slide, model: manifest.id, umPerPx, segmentedMm2, tissueMm2, areas }, null, 2)}\n`,
  );
  const foreground = areas.filter(({ background }) => !background);
  return {
    areas,
    areasMm2: Object.fromEntries(foreground.map((row) => [row.class, row.areaMm2])),
    segmentedMm2,
    files: [csv, json],
  };
}

/** Writes a temporary file and renames it, so that the file is either complete or missing. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  await writeFile(partOf(path), text);
  await rename(partOf(path), path);
}

/** The slide, scaled to the map's extent. White, with a message on stderr, if it can't be read. */
async function slidePicture(
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

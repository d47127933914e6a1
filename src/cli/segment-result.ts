/** The results of a slide as files: maps, polygons, preview, areas, and last the file that says they are complete. */
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { areaCsv, areaTable, type AreaRow } from '../export/area-table.ts';
import { confidenceSummary, type ConfidenceSummary } from '../export/confidence-summary.ts';
import { tissueMm2 } from '../export/map-area.ts';
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

/** The result file, and what `--json` prints. */
export interface SegmentResult {
  readonly slide: string;
  readonly model: string;
  readonly backend: string;
  /** Slices in the maps; `computed` of them by this call, the others by earlier ones. */
  readonly slices: number;
  readonly computed: number;
  readonly broken: number;
  readonly seconds: number;
  readonly stages: StageTimes;
  /** mm² per class, background left out. */
  readonly areasMm2: Readonly<Record<string, number>>;
  readonly segmentedMm2: number;
  /** Tissue in the area that was asked for; null where it can't be told from glass. */
  readonly tissueMm2: number | null;
  readonly areas: readonly AreaRow[];
  /** How sure the model is of its own map; null where nothing was segmented. */
  readonly confidence: ConfidenceSummary | null;
  readonly polygons: number;
  /** Level-0 pixels, and µm, per pixel of the maps. */
  readonly mapScale: { readonly x: number; readonly y: number };
  readonly umPerPx: number;
  readonly simplifyUm: number;
  /** Identity of the slices: SHA-256 over slide, model and lattice. */
  readonly key: string;
  /** SHA-256 of the area and of what happened to glass. */
  readonly areaKey: string;
  readonly files: readonly string[];
}

/** What computed the slices of a result. */
export type ResultRun = Pick<SegmentResult, 'backend' | 'slices' | 'computed' | 'seconds' | 'stages'>;

export function resultFile(prefix: string): string {
  return `${prefix}.json`;
}

/**
 * Writes every result of a slide.
 * @param readSlice the network's result for a slice, null where the slide could not be read; asked from top to bottom.
 * @param simplifyUm largest distance of a polygon from its class, µm.
 * @throws what `readSlice` throws; NodeJS.ErrnoException when a file can't be written.
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
    picture: (width, height) => pictureOf(slide, strips, width, height),
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
  // Last: a result file says that all the others are there.
  await writeAtomically(resultFile(prefix), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/** The result that is there; null when there is none, or no whole one. */
export async function readResult(prefix: string): Promise<SegmentResult | null> {
  return readJson<SegmentResult>(resultFile(prefix));
}

/** What a file of ours holds; null when it is absent or not ours: nothing that can be kept. */
export async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return null;
  }
}

/** What results are of; `PlannedSegment` has it. */
type ResultIdentity = Pick<PlannedSegment, 'key' | 'areaKey'>;

/** Whether a result is of this run, has everything that was asked for, and still has its files. */
export async function isComplete(
  result: SegmentResult,
  planned: ResultIdentity,
  simplifyUm: number,
): Promise<boolean> {
  return isOfRun(result, planned, simplifyUm) && result.broken === 0 && (await allExist(result.files));
}

/** Whether a result is of the same slide, model, lattice and area, with polygons as exact. */
export function isOfRun(
  result: SegmentResult,
  { key, areaKey }: ResultIdentity,
  simplifyUm: number,
): boolean {
  return result.key === key && result.areaKey === areaKey && result.simplifyUm === simplifyUm;
}

/** Deletes results, the file that says they are complete first. */
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

/** Areas of a result, and both files of them. */
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

/** Writes a temporary file and renames it: the file is complete or not there at all. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  await writeFile(partOf(path), text);
  await rename(partOf(path), path);
}

/** The slide as a small picture that fits the map exactly; white, with a message on stderr, where it can't be read. */
async function pictureOf(slide: Slide, strips: MapStrips, width: number, height: number): Promise<RgbaImage> {
  const extent = { x: 0, y: 0, width: strips.width * strips.scale.x, height: strips.height * strips.scale.y };
  try {
    return await readRegion(slide, extent, width, height, { decoder: nodePlatform().decoder });
  } catch (error) {
    if (!(error instanceof SlideError)) throw error;
    process.stderr.write(`dualscope: the preview has a white background: ${error.message}\n`);
    return { width, height, data: new Uint8ClampedArray(4 * width * height).fill(255) };
  }
}

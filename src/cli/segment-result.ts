/** The results of a slide as files: maps, polygons, preview, areas, and last the file that says they are all there. */
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { areaCsv, areaTable, type AreaRow } from '../export/area-table.ts';
import { confidenceSummary, type ConfidenceSummary } from '../export/confidence-summary.ts';
import { tissueMm2 } from '../export/map-area.ts';
import { MapStrips, type ReadCell } from '../export/map-strips.ts';
import { mapFiles, partOf, writeMaps } from '../export/write-maps.node.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { StageTimes } from '../segment/engine.ts';
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
  /** SHA-256 over slide, model, grid and area. */
  readonly key: string;
  readonly files: readonly string[];
}

/** What computed the slices of a result. */
export type ResultRun = Pick<SegmentResult, 'backend' | 'slices' | 'computed' | 'seconds' | 'stages'>;

export function resultFile(prefix: string): string {
  return `${prefix}.json`;
}

/**
 * Writes every result of a slide.
 * @param readCell the maps of a cell; asked from the top to the bottom.
 * @param simplifyUm furthest that a polygon lies off its class, µm.
 * @throws what `readCell` throws; NodeJS.ErrnoException when a file can't be written.
 */
export async function writeResult(
  slide: Slide,
  planned: PlannedSegment,
  readCell: ReadCell,
  run: ResultRun,
  simplifyUm: number,
): Promise<SegmentResult> {
  const { manifest, plan, area, prefix, tissue, mpp, key } = planned;
  const { name } = slide.metadata;
  const umPerPx = manifest.slice.fieldUm / manifest.slice.sizePx;
  const strips = new MapStrips(plan, area, readCell);
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

/** Whether a result is of this run, has everything that was asked for, and still has its files. */
export async function isWhole(result: SegmentResult, key: string, simplifyUm: number): Promise<boolean> {
  return isOfRun(result, key, simplifyUm) && result.broken === 0 && (await allExist(result.files));
}

/** Whether a result is of the same slide, model, grid and area, with polygons as exact. */
export function isOfRun(result: SegmentResult, key: string, simplifyUm: number): boolean {
  return result.key === key && result.simplifyUm === simplifyUm;
}

/** Takes results away, the file that says they are whole first. */
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

/** Writes beside and renames: the file is there whole or not at all. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  await writeFile(partOf(path), text);
  await rename(partOf(path), path);
}

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

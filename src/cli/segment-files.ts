/** The results of `dualscope segment` on disk: what is there already, what is still to do, and writing them. */
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { areaCsv, areaTable, type AreaRow } from '../export/area-table.ts';
import type { ConfidenceSummary } from '../export/confidence-summary.ts';
import { mapFiles, partOf } from '../export/write-maps.node.ts';
import { SliceJournal, type JournalHead } from '../export/slice-journal.node.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { StageTimes } from '../segment/engine.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { SliceQueue } from '../segment/queue.ts';
import { CommandError } from './command.ts';

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

export interface ResultPlace {
  /** Folder and beginning of every file's name. */
  readonly prefix: string;
  readonly head: JournalHead;
  readonly simplifyUm: number;
}

export type StartMode = 'fresh' | 'resume' | 'overwrite';

/** Where unfinished work waits. */
export function journalFile(prefix: string): string {
  return `${prefix}.slices`;
}

export function resultFile(prefix: string): string {
  return `${prefix}.json`;
}

/**
 * Opens the journal that slices go to, or gives the result when all is done.
 * @throws CommandError when something is there that the call does not say what to do with.
 */
export async function startOrResume(
  place: ResultPlace,
  mode: StartMode,
): Promise<{ readonly finished: SegmentResult } | { readonly journal: SliceJournal }> {
  const { prefix, head, simplifyUm } = place;
  const journalPath = journalFile(prefix);
  const old = await readResult(resultFile(prefix));
  if (old !== null && mode !== 'overwrite') {
    const same = old.key === head.key && old.simplifyUm === simplifyUm;
    const whole = same && old.broken === 0 && (await allExist(old.files));
    if (mode === 'fresh') {
      throw new CommandError(
        `${resultFile(prefix)}: Results are there already. Keep them with --resume, or replace them with --overwrite.`,
      );
    }
    if (whole) return { finished: old };
    if (!same) {
      throw new CommandError(
        `${resultFile(prefix)}: These results are of another slide, model or grid of the same name. ` +
          'Replace them with --overwrite, or give another --out.',
      );
    }
  }
  if (mode === 'overwrite') await removeAll(prefix);
  else {
    const resumed = SliceJournal.resume(journalPath, head);
    if (resumed !== null) {
      if (mode === 'resume') return { journal: resumed };
      const { size } = resumed;
      resumed.close();
      throw new CommandError(
        `${journalPath}: An unfinished run is there, ${size} slices done. Go on with --resume, or begin anew with --overwrite.`,
      );
    }
  }
  return { journal: SliceJournal.create(journalPath, head) };
}

async function removeAll(prefix: string): Promise<void> {
  // The result file first: whatever is left then no longer counts as finished.
  const { classes, confidence, polygons, preview } = mapFiles(prefix);
  for (const file of [resultFile(prefix), classes, confidence, polygons, preview]) {
    await rm(file, { force: true });
  }
}

async function readResult(path: string): Promise<SegmentResult | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as SegmentResult;
  } catch {
    // Absent, or not ours: nothing that can be kept.
    return null;
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

/**
 * The slices that are still to be done, as a queue of the plan. Where slices overlap, those around an
 * unfinished one are done again, because it is blended with them.
 */
export function unfinishedSlices(plan: SlicePlan, journal: SliceJournal): SliceQueue {
  const needed = new Set<string>();
  const reach = plan.marginPx > 0 ? 1 : 0;
  for (const { column, row } of plan.slices) {
    if (journal.has(column, row)) continue;
    for (let y = row - reach; y <= row + reach; y++) {
      for (let x = column - reach; x <= column + reach; x++) needed.add(`${x},${y}`);
    }
  }
  const queue = new SliceQueue(plan);
  for (const slice of plan.slices) if (!needed.has(`${slice.column},${slice.row}`)) queue.take(slice);
  return queue;
}

/** Areas of a result, and both files of them. */
export async function writeAreas(
  prefix: string,
  manifest: ModelManifest,
  counts: ArrayLike<number>,
  umPerPx: number,
  tissueMm2: number | null,
  slide: string,
): Promise<{
  readonly areas: AreaRow[];
  readonly areasMm2: Record<string, number>;
  readonly segmentedMm2: number;
  readonly files: string[];
}> {
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

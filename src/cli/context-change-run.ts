/** Runs `dualscope segment --context-change`: both passes of a model, with its context and without, compared pixel by pixel. */
import { lstat, rm } from 'node:fs/promises';
import { FileSet } from '../base/file-set.node.ts';
import { lockOf, withOutputLock, type OutputLock } from '../base/output-lock.node.ts';
import { resultMark } from '../base/overridden-check.ts';
import { isUnlikeTraining } from '../base/tissue-fit.ts';
import { contextChange, pairOf, pairValue, type ContextChange } from '../evaluation/context-change.ts';
import { maxPairedClasses } from '../evaluation/context-change.ts';
import { MapStrips, StitchedRows, type CellMaps } from '../export/map-strips.ts';
import { mapFiles, writeMaps } from '../export/write-maps.node.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { NodeSliceStore } from '../segment/node-slice-store.node.ts';
import type { Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { createFolder } from './create-folder.ts';
import { existingResults, inTheWay, resultMismatch } from './existing-results.ts';
import { findSealed, seal, type Sealed } from './sealed-json.ts';
import { planSegment, type PlannedSegment } from './segment-plan.ts';
import { modelCheckOf, slidePicture, type ResultRun, type SegmentResult } from './segment-result.ts';
import { segmentMissing, type SegmentCall } from './segment-run.ts';
import { openSlices, readStored } from './stored-slices.ts';

/** The result file, and what `--json` prints. */
export interface ContextChangeResult
  extends
    Sealed,
    ContextChange,
    Pick<
      SegmentResult,
      'slide' | 'model' | 'modelCheck' | 'warning' | 'umPerPx' | 'broken' | 'areaKey' | 'files'
    > {
  /** Of rows and columns of the matrix, which counts pixels of the map on tissue. */
  readonly classes: readonly string[];
  /** mm² of tissue that both passes segmented. */
  readonly comparedMm2: number;
  readonly changedMm2: number;
  /** Of the passes; see `SegmentResult`. */
  readonly withContext: ResultRun;
  readonly withoutContext: ResultRun;
  /** Identify the slices of the passes. */
  readonly keys: readonly [withContext: string, withoutContext: string];
}

const contextChangeFormat = 'dualscope-context-change-1';

interface Pass {
  readonly planned: PlannedSegment;
  /** Of the file of its slices. */
  readonly path: string;
}

/**
 * Segments twice and writes a map of pairs of classes (`pairValue`), the usual pass's confidence, polygons, a preview and the
 * matrix of pairs. Stopped, `resume` continues.
 * @throws as `segmentToFiles`; ModelError for a model that was not trained to do without its context.
 */
export async function segmentContextChange(slide: Slide, call: SegmentCall): Promise<ContextChangeResult> {
  const without = await planSegment(slide, { ...call, withoutContext: true });
  const withContext = await planSegment(slide, { ...call, withoutContext: false });
  const { classes } = withContext.manifest;
  if (classes.length > maxPairedClasses) {
    throw new CommandError(
      `${withContext.manifest.id}: It has ${classes.length} classes; pairs of at most ${maxPairedClasses} fit into a map. Compare two runs of segment instead.`,
    );
  }
  await createFolder(call.out);
  const prefix = `${withContext.prefix}.context-change`;
  const pass = (planned: PlannedSegment, name: string): Pass => ({
    planned,
    path: `${prefix}.${name}.slices`,
  });
  const passes = [pass(withContext, 'with'), pass(without, 'without')] as const;
  return withOutputLock(lockOf(prefix), (lock) => changeLocked(slide, call, passes, prefix, lock));
}

async function changeLocked(
  slide: Slide,
  call: SegmentCall,
  [first, second]: readonly [Pass, Pass],
  prefix: string,
  lock: OutputLock,
): Promise<ContextChangeResult> {
  const result = `${prefix}.json`;
  const files = [...Object.values(mapFiles(prefix)), result];
  const set = await FileSet.open(`${prefix}.commit`, files);
  const kept = await keptResult(first.planned, second.planned, call, files);
  if (kept !== null) return kept;
  const [one, other] = [first, second].map(({ planned, path }) => openSlices(path, planned, call));
  if (one === undefined || other === undefined) throw new Error('There are two passes.');
  try {
    const run = async ({ planned, path }: Pass, slices: NodeSliceStore): Promise<ResultRun> => {
      const { plan, withoutContext } = planned;
      const output = { total: String(plan.slices.length), lock, path };
      return (await segmentMissing(slide, { ...call, withoutContext }, planned, plan, slices, output)).run;
    };
    const runs = [await run(first, one), await run(second, other)] as const;
    const written = await writeChange(slide, [first, second], [one, other], runs, {
      prefix,
      files,
      set,
      lock,
      simplifyUm: call.simplify,
    });
    if (written.broken === 0) for (const { path } of [first, second]) await rm(path, { force: true });
    return written;
  } catch (error) {
    await set.discard();
    throw error;
  } finally {
    one.close();
    other.close();
  }
}

/** Complete results of the same call that are to be kept. @throws CommandError for others that are in the way. */
async function keptResult(
  withContext: PlannedSegment,
  without: PlannedSegment,
  { resume, overwrite }: SegmentCall,
  files: readonly string[],
): Promise<ContextChangeResult | null> {
  if (overwrite === true) return null;
  const result = files.at(-1) ?? '';
  const found = await findSealed<ContextChangeResult>(result, contextChangeFormat);
  if (found.kind === 'none') {
    for (const file of files) {
      const info = await lstat(file).catch(() => null);
      if (info !== null && info.size > 0) throw inTheWay(file);
    }
    return null;
  }
  if (found.kind === 'foreign') throw inTheWay(result);
  if (resume !== true) throw existingResults(result);
  if (found.kind === 'damaged') return null;
  if (found.kind === 'earlier') throw resultMismatch(result);
  const { keys, areaKey, broken } = found.value;
  const isOwn = keys.join() === [withContext.key, without.key].join() && areaKey === withContext.areaKey;
  if (!isOwn) throw resultMismatch(result);
  return broken > 0 ? null : found.value;
}

async function writeChange(
  slide: Slide,
  [first, second]: readonly [Pass, Pass],
  [one, other]: readonly [NodeSliceStore, NodeSliceStore],
  [withContext, withoutContext]: readonly [ResultRun, ResultRun],
  {
    prefix,
    files,
    set,
    lock,
    simplifyUm,
  }: {
    readonly prefix: string;
    readonly files: readonly string[];
    readonly set: FileSet;
    readonly lock: OutputLock;
    readonly simplifyUm: number;
  },
): Promise<ContextChangeResult> {
  const { planned } = first;
  const { manifest, plan, area, tissue } = planned;
  const { name } = slide.metadata;
  const count = manifest.classes.length;
  const rowsOf = ({ planned: of, path }: Pass, slices: NodeSliceStore): StitchedRows =>
    new StitchedRows(of.plan, (slice) => readStored(slices, path, slice));
  const [usual, alone] = [rowsOf(first, one), rowsOf(second, other)];
  const strips = new MapStrips(plan, area, (column, row) =>
    pairs(usual.read(column, row), alone.read(column, row), count),
  );
  const umPerPx = manifest.slice.fieldUm / manifest.slice.sizePx;
  const fit = withContext.tissueFit;
  const mark = resultMark(planned.force, fit !== null && isUnlikeTraining(fit));
  const maps = await writeMaps({
    strips,
    manifest: { ...manifest, classes: pairClasses(manifest) },
    mark,
    tissue,
    prefix,
    slideName: name,
    umPerPx,
    tolerance: simplifyUm / umPerPx,
    picture: (width, height) => slidePicture(slide, strips, width, height),
    set,
  });
  const change = contextChange(maps.counts, count);
  const mm2 = (pixels: number): number => (pixels * umPerPx ** 2) / 1e6;
  const { value, text } = seal(contextChangeFormat, {
    slide: name,
    model: manifest.id,
    modelCheck: modelCheckOf(planned),
    ...(mark !== null && { warning: mark }),
    classes: manifest.classes.map((each) => each.name),
    ...change,
    comparedMm2: mm2(change.compared),
    changedMm2: mm2(change.changed),
    umPerPx,
    broken: 2 * plan.slices.length - withContext.slices - withoutContext.slices,
    withContext,
    withoutContext,
    keys: [first.planned.key, second.planned.key] as const,
    areaKey: planned.areaKey,
    files,
  });
  await set.add(files.at(-1) ?? '', text);
  await lock.check();
  await set.commit();
  return value;
}

/** Pairs of classes, and the usual pass's confidence; null where a pass has nothing. */
function pairs(usual: CellMaps | null, alone: CellMaps | null, classes: number): CellMaps | null {
  if (usual === null || alone === null) return null;
  const values = usual.classes.map((to, pixel) => pairValue(alone.classes[pixel] ?? 0, to, classes));
  return { classes: values, confidence: usual.confidence };
}

/** Pairs as classes of a map, index = `pairValue`: unchanged pixels are background. */
function pairClasses({ classes }: ModelManifest): ModelManifest['classes'] {
  return Array.from({ length: classes.length ** 2 }, (_, value) => {
    const { without, withContext } = pairOf(value, classes.length);
    const [from, to] = [classes[without]?.name ?? '', classes[withContext]?.name ?? ''];
    const same = without === withContext;
    return {
      name: same ? `${from}, unchanged` : `${from} → ${to}`,
      colour: classes[withContext]?.colour ?? '#808080',
      background: same,
    };
  });
}

/** The result as text. */
export function contextChangeText({
  slide,
  model,
  share,
  changedMm2,
  comparedMm2,
  ...rest
}: ContextChangeResult): string {
  const { classes, matrix, compared } = rest;
  const lines = matrix.flatMap((row, without) =>
    row.map((pixels, withContext) => ({ without, withContext, pixels })),
  );
  const changes = lines
    .filter(({ without, withContext, pixels }) => without !== withContext && pixels > 0)
    .sort((a, b) => b.pixels - a.pixels);
  return [
    `${slide}, ${model}: the context changed the class of ${(100 * share).toFixed(2)} % of ${comparedMm2.toFixed(3)} mm² of tissue (${changedMm2.toFixed(3)} mm²). Research use only.`,
    ...changes.map(
      ({ without, withContext, pixels }) =>
        `${classes[without] ?? ''} → ${classes[withContext] ?? ''}: ${((100 * pixels) / compared).toFixed(2)} %`,
    ),
    ...rest.files,
    '',
  ].join('\n');
}

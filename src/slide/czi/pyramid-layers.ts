/**
 * Sorts the subblocks of a CZI file into levels. They lie anywhere on an unbounded plane, overlap, and have reduced copies per
 * scanned region (scene), of which a small region has fewer than a large one.
 */
import { maxSide } from '../limits.ts';
import { planeDimensions, type CziFile, type CziSubblock } from './czi-file.ts';

/** A subblock on a level, in whole pixels of the level. */
export interface PlacedSubblock {
  readonly subblock: CziSubblock;
  readonly x: number;
  readonly y: number;
  /** The size it is reduced to where that is not its own: a region that has no copy of this level lends a finer one. */
  readonly reducedTo?: { readonly width: number; readonly height: number };
}

export interface CziLayer {
  readonly width: number;
  readonly height: number;
  readonly downsample: number;
  /** By channel number; the lowest first. */
  readonly placed: ReadonlyMap<number, readonly PlacedSubblock[]>;
}

/** Reduction that a region's finer copies may still need; beyond it, a level is left to the viewer's own reduction. */
const maxLent = 8;
/** Levels of a file. */
const maxLevels = 64;

/** The first plane of every scene and channel, and sentences that say what else the file holds. */
export function firstPlanes(subblocks: readonly CziSubblock[]): {
  readonly shown: readonly CziSubblock[];
  readonly notes: readonly string[];
} {
  const least = new Map<string, readonly number[]>();
  const counts = planeDimensions.map(() => new Set<number>());
  const keyOf = ({ scene, channel }: CziSubblock): string => `${scene}/${channel}`;
  for (const subblock of subblocks) {
    const key = keyOf(subblock);
    const known = least.get(key);
    if (known === undefined || isBefore(subblock.plane, known)) least.set(key, subblock.plane);
    for (const [i, value] of subblock.plane.entries()) counts[i]!.add(value);
  }
  const notes = planeDimensions.flatMap(([, name], i) =>
    counts[i]!.size > 1 ? [`It has ${counts[i]!.size} ${name}; only the first is shown.`] : [],
  );
  return { shown: subblocks.filter((one) => least.get(keyOf(one)) === one.plane), notes };
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const differing = a.findIndex((value, i) => value !== b[i]);
  return differing >= 0 && a[differing]! < b[differing]!;
}

/** @param subblocks of one plane per scene and channel. @throws SlideError `corrupt`, `unsupported`. */
export function layersOf(subblocks: readonly CziSubblock[], file: CziFile): CziLayer[] {
  const scaleOf = scales(subblocks, file);
  const full = subblocks.filter((one) => scaleOf(one) === 1);
  if (full.length === 0) {
    throw file.unsupported(
      'It holds no picture at full size, only reduced copies.',
      'Export it again with its pictures.',
    );
  }
  const whole = boundsOf(full);
  const width = whole.right - whole.left;
  const height = whole.bottom - whole.top;
  if (width > maxSide || height > maxSide) {
    throw file.corrupt(`Its pictures are spread over ${width} by ${height} pixels.`);
  }
  const scenes = [...groupBy(subblocks, ({ scene }) => scene).values()].map((members) =>
    sceneOf(members, scaleOf),
  );
  const factors = [...new Set(subblocks.map(scaleOf))].sort((a, b) => a - b);
  const layers: CziLayer[] = [];
  for (const scale of factors) {
    const lent = scenes.map((scene) => scene.scales.findLast((own) => own <= scale)!);
    if (lent.some((own) => scale / own > maxLent)) break;
    const placed: PlacedSubblock[] = [];
    for (const [i, { byScale }] of scenes.entries()) {
      for (const subblock of byScale.get(lent[i]!) ?? []) {
        placed.push(place(subblock, whole, scale, lent[i] === scale));
      }
    }
    layers.push({
      width: Math.ceil(width / scale),
      height: Math.ceil(height / scale),
      downsample: scale,
      // Stable: what has no number lies in the order of the file.
      placed: groupBy(
        placed.sort((a, b) => a.subblock.mosaic - b.subblock.mosaic),
        ({ subblock }) => subblock.channel,
      ),
    });
  }
  return layers;
}

/**
 * The reduction of each subblock, as a number that all of a level share: the small ones at a border were rounded to whole
 * pixels, so the largest decide.
 */
function scales(subblocks: readonly CziSubblock[], file: CziFile): (subblock: CziSubblock) => number {
  const known: number[] = [1];
  const found = new Map<CziSubblock, number>();
  const side = ({ storedWidth, storedHeight }: CziSubblock): number => Math.max(storedWidth, storedHeight);
  const reduced = subblocks.filter(
    ({ width, height, storedWidth, storedHeight }) => width !== storedWidth || height !== storedHeight,
  );
  for (const subblock of reduced.toSorted((a, b) => side(b) - side(a))) {
    const { width, height, storedWidth, storedHeight } = subblock;
    const fits = (scale: number): boolean =>
      Math.abs(width - storedWidth * scale) < scale && Math.abs(height - storedHeight * scale) < scale;
    let scale = known.find((one) => one > 1 && fits(one));
    if (scale === undefined) {
      const ratio = storedWidth >= storedHeight ? width / storedWidth : height / storedHeight;
      scale = Math.abs(Math.round(ratio) / ratio - 1) < 0.02 ? Math.round(ratio) : ratio;
      if (!fits(scale) || scale <= 1)
        throw file.corrupt('A reduced picture has another shape than its original.');
      known.push(scale);
      if (known.length > maxLevels) throw file.corrupt('Its pictures are reduced in too many ways.');
    }
    found.set(subblock, scale);
  }
  return (subblock) => found.get(subblock) ?? 1;
}

interface Scene {
  readonly byScale: ReadonlyMap<number, readonly CziSubblock[]>;
  /** Those at which all of the scene is there, ascending. */
  readonly scales: readonly number[];
}

function sceneOf(members: readonly CziSubblock[], scaleOf: (subblock: CziSubblock) => number): Scene {
  const byScale = groupBy(members, scaleOf);
  const all = [...byScale.keys()].sort((a, b) => a - b);
  const bounds = boundsOf(byScale.get(all[0]!)!);
  const channels = new Set(members.map(({ channel }) => channel)).size;
  const scales = all.filter((scale, i) => {
    const own = byScale.get(scale)!;
    const covered = boundsOf(own);
    const slack = 2 * scale;
    return (
      i === 0 ||
      (covered.left <= bounds.left + slack &&
        covered.top <= bounds.top + slack &&
        covered.right >= bounds.right - slack &&
        covered.bottom >= bounds.bottom - slack &&
        new Set(own.map(({ channel }) => channel)).size === channels)
    );
  });
  // A scene without pictures at full size joins where its copies begin.
  return { byScale, scales: scales[0] === 1 ? scales : [1, ...scales] };
}

function place(subblock: CziSubblock, whole: Bounds, scale: number, isOwn: boolean): PlacedSubblock {
  const x = Math.round((subblock.x - whole.left) / scale);
  const y = Math.round((subblock.y - whole.top) / scale);
  if (isOwn) return { subblock, x, y };
  const right = Math.round((subblock.x + subblock.width - whole.left) / scale);
  const bottom = Math.round((subblock.y + subblock.height - whole.top) / scale);
  return { subblock, x, y, reducedTo: { width: Math.max(1, right - x), height: Math.max(1, bottom - y) } };
}

interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function boundsOf(subblocks: readonly CziSubblock[]): Bounds {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, width, height } of subblocks) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return { left, top, right, bottom };
}

function groupBy<T, K>(all: readonly T[], keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}

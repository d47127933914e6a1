/**
 * A collage: a wide field of irregular patches, each cut from a tile of EBHI-Seg. The pixels are real, their arrangement is
 * not. Patches next to each other are of the same class as often as chance has it, and stains are matched, so that seams say
 * nothing about classes.
 */
import { drawFor, type Draw } from '../../src/training/sample.ts';
import { EBHI_TILE } from '../ebhi-seg.ts';
import { REDUCED, REDUCTION, type CollageTile } from './tiles.ts';

/** Side of a field, pixels of the tiles' resolution: 542 µm. */
export const FIELD = 480;
/** Patches along a side. */
const GRID = 3;
/** How far a patch's middle is from that of its cell, of the cell's side, at most. */
const JITTER = 0.3;
/** Half the width of a seam, pixels. */
const SOFTNESS = 8;
/** Waves that bend the seams: number, amplitude and wavelengths in pixels. */
const WAVES = { count: 4, amplitude: 9, shortest: 50, longest: 180 } as const;
/** Side of what is painted at once where it shows one patch alone, field pixels. */
const BLOCK = 16;
const CLASSES = [1, 2, 3] as const;

interface Patch {
  readonly tile: CollageTile;
  /** Middle of the patch, field pixels. */
  readonly x: number;
  readonly y: number;
  /** Of the tile: field pixel (x, y) shows tile pixel (x − left, y − top), mirrored at the tile's edges. */
  readonly left: number;
  readonly top: number;
  /** As in augmentation.ts. */
  readonly symmetry: number;
}

interface Wave {
  readonly alongX: number;
  readonly alongY: number;
  readonly phase: number;
  readonly amplitudeX: number;
  readonly amplitudeY: number;
}

export interface Collage {
  readonly patches: readonly Patch[];
  readonly waves: readonly Wave[];
}

/** What a square of a collage shows. */
export interface CollageSquare {
  /** [side, side, 3] */
  readonly rgb: Uint8Array<ArrayBuffer>;
  /** [side, side] */
  readonly classes: Uint8Array<ArrayBuffer>;
  /** [side, side], index of the patch that prevails */
  readonly patches: Uint8Array<ArrayBuffer>;
}

/** Tiles by class, 1 to 3. */
export type TilesByClass = ReadonlyMap<number, readonly CollageTile[]>;

export function tilesByClass(tiles: readonly CollageTile[]): TilesByClass {
  return new Map(CLASSES.map((index) => [index, tiles.filter(({ classIndex }) => classIndex === index)]));
}

/** The collage of a number. The same seed, number and tiles give the same one. */
export function planCollage(tiles: TilesByClass, seed: number, number: number): Collage {
  const draw = drawFor(seed ^ 0x2545f491, number);
  const cell = FIELD / GRID;
  const patches = Array.from({ length: GRID * GRID }, (_, i): Patch => {
    const around = (middle: number): number => (middle + 0.5 + JITTER * (2 * draw.random() - 1)) * cell;
    const [x, y] = [around(i % GRID), around(Math.floor(i / GRID))];
    const ofClass = tiles.get(CLASSES[draw.below(CLASSES.length)] ?? 1) ?? [];
    const tile = ofClass[draw.below(ofClass.length)];
    if (tile === undefined) throw new Error('A class has no tile to make collages of.');
    // In whole reduced pixels, so that slice and context show the same.
    const start = (middle: number): number =>
      REDUCTION * Math.round((middle - EBHI_TILE / 2 + 24 * (2 * draw.random() - 1)) / REDUCTION);
    return { tile, x, y, left: start(x), top: start(y), symmetry: draw.below(8) };
  });
  return { patches, waves: Array.from({ length: WAVES.count }, () => drawWave(draw)) };
}

function drawWave({ random }: Draw): Wave {
  const length = WAVES.shortest * (WAVES.longest / WAVES.shortest) ** random();
  const angle = 2 * Math.PI * random();
  const amplitude = (): number => (2 * random() - 1) * WAVES.amplitude;
  return {
    alongX: (2 * Math.PI * Math.cos(angle)) / length,
    alongY: (2 * Math.PI * Math.sin(angle)) / length,
    phase: 2 * Math.PI * random(),
    amplitudeX: amplitude(),
    amplitudeY: amplitude(),
  };
}

interface PatchesAt {
  readonly first: number;
  readonly second: number;
  readonly share: number;
}

/** The two patches nearest to a place, and how much of the first one is seen there, 0.5 to 1. */
export function patchesAt({ patches, waves }: Collage, x: number, y: number): PatchesAt {
  let [bentX, bentY] = [x, y];
  for (const { alongX, alongY, phase, amplitudeX, amplitudeY } of waves) {
    const wave = Math.sin(alongX * x + alongY * y + phase);
    bentX += amplitudeX * wave;
    bentY += amplitudeY * wave;
  }
  let [first, second, near, next] = [0, 0, Infinity, Infinity];
  for (let i = 0; i < patches.length; i++) {
    const patch = patches[i]!;
    const distance = Math.sqrt((patch.x - bentX) ** 2 + (patch.y - bentY) ** 2);
    if (distance < near) {
      [second, next] = [first, near];
      [first, near] = [i, distance];
    } else if (distance < next) [second, next] = [i, distance];
  }
  // Half the difference of the distances is the distance from the seam, where it is straight.
  const t = Math.min(1, (next - near) / 2 / SOFTNESS);
  return { first, second, share: 0.5 + 0.5 * t * t * (3 - 2 * t) };
}

/** The class at a place: that of the patch that prevails. */
export function classAt(collage: Collage, x: number, y: number): number {
  const patch = collage.patches[patchesAt(collage, x, y).first]!;
  const [column, row] = tilePixel(patch, Math.floor(x), Math.floor(y));
  return patch.tile.classes[row * EBHI_TILE + column]!;
}

/**
 * Paints a square of a collage.
 * @param left of the square, field pixels; whole multiples of `factor`
 * @param side pixels of the result
 * @param factor field pixels along a pixel of the result: 1 or `REDUCTION`
 */
export function paintCollage(
  collage: Collage,
  { left, top }: { readonly left: number; readonly top: number },
  side: number,
  factor: 1 | typeof REDUCTION,
): CollageSquare {
  const square: CollageSquare = {
    rgb: new Uint8Array(side * side * 3),
    classes: new Uint8Array(side * side),
    patches: new Uint8Array(side * side),
  };
  // Most blocks show one patch alone, which their corners tell.
  const block = BLOCK / factor;
  const at = (column: number, row: number): PatchesAt =>
    patchesAt(collage, left + column * factor, top + row * factor);
  for (let row = 0; row < side; row += block) {
    for (let column = 0; column < side; column += block) {
      const corners = [
        at(column, row),
        at(column + block, row),
        at(column, row + block),
        at(column + block, row + block),
      ];
      const [corner] = corners;
      const whole = corners.every(({ first, share }) => share >= 1 && first === corner?.first)
        ? corner
        : undefined;
      for (let y = row; y < Math.min(side, row + block); y++) {
        for (let x = column; x < Math.min(side, column + block); x++) {
          const seen = whole ?? at(x + 0.5, y + 0.5);
          paintPixel(square, collage, y * side + x, left + x * factor, top + y * factor, factor, seen);
        }
      }
    }
  }
  return square;
}

/** Paints pixel `i`, whose corner is at (x, y) of the field. */
function paintPixel(
  { rgb, classes, patches }: CollageSquare,
  collage: Collage,
  i: number,
  x: number,
  y: number,
  factor: 1 | typeof REDUCTION,
  { first, second, share }: PatchesAt,
): void {
  const own = collage.patches[first]!;
  const from = 3 * pixelOf(own, x, y, factor);
  const source = factor === 1 ? own.tile.rgb : own.tile.reduced;
  for (let channel = 0; channel < 3; channel++) rgb[3 * i + channel] = source[from + channel]!;
  if (share < 1) {
    const other = collage.patches[second]!;
    const beside = 3 * pixelOf(other, x, y, factor);
    const others = factor === 1 ? other.tile.rgb : other.tile.reduced;
    for (let channel = 0; channel < 3; channel++) {
      const mixed = share * source[from + channel]! + (1 - share) * others[beside + channel]!;
      rgb[3 * i + channel] = Math.round(mixed);
    }
  }
  const middle = factor >> 1;
  const [column, row] = tilePixel(own, x + middle, y + middle);
  classes[i] = own.tile.classes[row * EBHI_TILE + column]!;
  patches[i] = first;
}

/** Index of the tile's, or the reduced tile's, pixel that a field pixel shows. */
function pixelOf(patch: Patch, x: number, y: number, factor: number): number {
  const [column, row] = tilePixel(patch, x, y);
  if (factor === 1) return row * EBHI_TILE + column;
  return Math.floor(row / REDUCTION) * REDUCED + Math.floor(column / REDUCTION);
}

/** The tile's pixel that a field pixel shows. */
function tilePixel({ left, top, symmetry }: Patch, x: number, y: number): [column: number, row: number] {
  let [column, row] = [mirrored(x - left), mirrored(y - top)];
  if (symmetry & 1) column = EBHI_TILE - 1 - column;
  if (symmetry & 2) row = EBHI_TILE - 1 - row;
  return symmetry & 4 ? [row, column] : [column, row];
}

/** A tile that is too small for its patch goes on as its mirror image. */
function mirrored(at: number): number {
  const period = 2 * EBHI_TILE;
  const within = ((at % period) + period) % period;
  return within < EBHI_TILE ? within : period - 1 - within;
}

/** Tiles of EBHI-Seg in memory, stains matched, for collages. */
import { ebhiMpp } from '../../src/training/study/studies.ts';
import { ebhiClassIndex, EBHI_TILE, readEbhiIndex, readEbhiTile } from '../ebhi-seg.ts';
import { matchStain } from './stain.ts';

/** Pixels of a tile per pixel of its reduced form, which contexts show. */
export const REDUCTION = 4;
/** Side of a reduced tile, pixels. */
export const REDUCED = EBHI_TILE / REDUCTION;
/** µm per pixel of a tile; assumed (docs/decisions/0016). */
export const TILE_MPP = ebhiMpp;

export interface CollageTile {
  readonly file: string;
  /** The patient. */
  readonly case: string;
  /** Of the tile's glands, 1 to 3. */
  readonly classIndex: number;
  /** [224, 224, 3] */
  readonly rgb: Uint8Array;
  /** [224, 224], the class of glands or 0 */
  readonly classes: Uint8Array;
  /** [56, 56, 3], averaged */
  readonly reduced: Uint8Array;
}

/** Which cases a set of collages shows: folds of EBHI-Seg's index by case. */
export const COLLAGE_FOLDS = { training: ['0', '2', '3'], validation: ['4'], test: ['1'] } as const;
export type CollagePurpose = keyof typeof COLLAGE_FOLDS;

/**
 * The tiles of a purpose, in the order of the index. No case is in two purposes.
 * @param data folder of EBHI-Seg
 */
export async function readCollageTiles(data: string, purpose: CollagePurpose): Promise<CollageTile[]> {
  const folds: readonly string[] = COLLAGE_FOLDS[purpose];
  const rows = (await readEbhiIndex(data)).filter(({ fold }) => folds.includes(fold));
  const tiles: CollageTile[] = [];
  for (const row of rows) {
    const classIndex = ebhiClassIndex(row);
    if (classIndex === null) continue;
    const { rgb: read, isClass } = await readEbhiTile(data, row.file);
    const rgb = matchStain(Uint8Array.from(read));
    const classes = Uint8Array.from({ length: EBHI_TILE ** 2 }, (_, i) =>
      isClass(i % EBHI_TILE, Math.floor(i / EBHI_TILE)) ? classIndex : 0,
    );
    tiles.push({ file: row.file, case: row.patient, classIndex, rgb, classes, reduced: reduceTile(rgb) });
  }
  return tiles;
}

/** Means of squares of `REDUCTION` pixels. @param rgb [224, 224, 3] @returns [56, 56, 3] */
export function reduceTile(rgb: Uint8Array): Uint8Array {
  const sums = new Uint32Array(REDUCED * REDUCED * 3);
  for (let i = 0; i < EBHI_TILE ** 2; i++) {
    const [x, y] = [i % EBHI_TILE, Math.floor(i / EBHI_TILE)];
    const to = 3 * (Math.floor(y / REDUCTION) * REDUCED + Math.floor(x / REDUCTION));
    for (let channel = 0; channel < 3; channel++) sums[to + channel]! += rgb[3 * i + channel]!;
  }
  return Uint8Array.from(sums, (sum) => Math.round(sum / REDUCTION ** 2));
}

/** Assigns the tiles of EBHI-Seg to mosaics (ebhi-mosaics.ts). */
import { ebhiClassIndex, type EbhiTile } from './ebhi-seg.ts';

/** Tiles along a mosaic's side. */
export const SIDE = 2;

export interface Mosaic {
  readonly name: string;
  readonly patient: string;
  readonly fold: string;
  /** As `ebhiClassIndex`, or the stand-in for tiles without a class. */
  readonly classIndex: number;
  readonly tiles: readonly { readonly file: string; readonly isMirrored: boolean }[];
}

/**
 * Mosaics of one patient and one class each, in the order of the index. Every tile with a class is used. The last mosaic of a patient
 * and class is filled up with mirrored copies.
 * @param undecided class of tiles without one; null leaves them out
 */
export function planMosaics(index: readonly EbhiTile[], undecided: number | null = null): Mosaic[] {
  const groups = new Map<string, { first: EbhiTile; classIndex: number; files: string[] }>();
  for (const tile of index) {
    const classIndex = ebhiClassIndex(tile) ?? undecided;
    if (classIndex === null) continue;
    const key = `${tile.patient}-${String(classIndex)}`;
    const group = groups.get(key) ?? { first: tile, classIndex, files: [] };
    group.files.push(tile.file);
    groups.set(key, group);
  }
  const perMosaic = SIDE ** 2;
  return [...groups].flatMap(([key, { first, classIndex, files }]) =>
    Array.from({ length: Math.ceil(files.length / perMosaic) }, (_, i) => ({
      name: `${key}-${String(i + 1)}`,
      patient: first.patient,
      fold: first.fold,
      classIndex,
      tiles: Array.from({ length: perMosaic }, (_tile, k) => {
        const at = i * perMosaic + k;
        return { file: files[at % files.length]!, isMirrored: at >= files.length };
      }),
    })),
  );
}

/** The lattice that ground truth is painted on. Pure. */
import type { CellLattice } from '../../worker/map-client.ts';

/** Side of a cell, pixels of the map. */
const cellPx = 256;
/** Most pixels of the truth map; with its smaller copies it stays well below 200 MB. */
const maxGridPx = 64e6;
/** Default µm per pixel: fine enough for outlines drawn by hand. */
const defaultUm = 2;

export interface TruthGridInput {
  /** Level-0 pixels. */
  readonly slide: { readonly width: number; readonly height: number };
  /** µm per level-0 pixel; null if unknown. */
  readonly mpp: { readonly x: number; readonly y: number } | null;
  /** µm per pixel of the map to compare with, so that pixels coincide; null without one. */
  readonly umPerPx: number | null;
}

/** The grid on which truth is painted: at the resolution of the map to compare with, or coarser by a power of two if that is too large. */
export function truthGrid({ slide, mpp, umPerPx }: TruthGridInput): CellLattice {
  const um = umPerPx ?? defaultUm;
  // Without a resolution, one map pixel covers 2 × 2 level-0 pixels.
  let scaleX = mpp === null ? 2 : um / mpp.x;
  let scaleY = mpp === null ? 2 : um / mpp.y;
  while ((slide.width / scaleX) * (slide.height / scaleY) > maxGridPx) {
    scaleX *= 2;
    scaleY *= 2;
  }
  const cellWidth = cellPx * scaleX;
  const cellHeight = cellPx * scaleY;
  return {
    columns: Math.ceil(slide.width / cellWidth),
    rows: Math.ceil(slide.height / cellHeight),
    cellWidth,
    cellHeight,
    cellPx,
  };
}

/** The lattice that ground truth is painted on. Pure. */
import type { CellLattice } from '../../worker/map-client.ts';

/** Side of a cell, pixels of the map. */
const cellPx = 256;
/** Most pixels of a map: with its smaller copies it stays well below 200 MB. */
const mostPx = 64e6;
/** Where nothing says better, µm per pixel: fine enough for outlines drawn by hand. */
const plainUm = 2;

export interface LatticeInput {
  /** Level-0 pixels. */
  readonly slide: { readonly width: number; readonly height: number };
  /** µm per level-0 pixel; null where it is not known. */
  readonly mpp: { readonly x: number; readonly y: number } | null;
  /** µm per pixel of the map to lie beside, so that pixels of both are the same; null without one. */
  readonly umPerPx: number | null;
}

/** As fine as the map to lie beside, or coarser by a power of two where that would be too large. */
export function truthLattice({ slide, mpp, umPerPx }: LatticeInput): CellLattice {
  const um = umPerPx ?? plainUm;
  // A slide of unknown resolution gets two of its pixels per pixel of the map.
  let scaleX = mpp === null ? 2 : um / mpp.x;
  let scaleY = mpp === null ? 2 : um / mpp.y;
  while ((slide.width / scaleX) * (slide.height / scaleY) > mostPx) {
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

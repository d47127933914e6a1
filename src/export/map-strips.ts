/** A class map from the top to the bottom, a few rows at a time: what every export reads. */
import { noClass, type ClassMapGeometry, type ClassMapWindow } from '../segment/class-map.ts';
import { areaMask, type SlideArea } from './map-area.ts';

/** Reads the maps of a cell of the lattice; null where nothing is known. */
export type ReadCell = (
  column: number,
  row: number,
) => { readonly classes: Uint8Array; readonly confidence: Uint8Array } | null;

/** The whole map of a slide, as finished cells give it, cut to an area. Memory is that of one strip. */
export class MapStrips {
  /** Pixels of the whole map; the last ones may reach over the slide. */
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels per pixel of the map, per axis. */
  readonly scale: { readonly x: number; readonly y: number };

  constructor(
    readonly geometry: ClassMapGeometry,
    private readonly area: SlideArea,
    private readonly readCell: ReadCell,
  ) {
    const { cellWidth, cellHeight, cellPx, slideWidth, slideHeight } = geometry;
    this.scale = { x: cellWidth / cellPx, y: cellHeight / cellPx };
    this.width = Math.ceil(slideWidth / this.scale.x);
    this.height = Math.ceil(slideHeight / this.scale.y);
  }

  /** Rows `top` up to `top + rows`, all columns; fewer rows at the lower end. */
  read(top: number, rows: number): ClassMapWindow {
    const { width } = this;
    const { cellPx } = this.geometry;
    const height = Math.max(0, Math.min(rows, this.height - top));
    const classes = new Uint8Array(width * height).fill(noClass);
    const confidence = new Uint8Array(width * height);
    for (let cellRow = Math.floor(top / cellPx); cellRow * cellPx < top + height; cellRow++) {
      const firstRow = Math.max(top, cellRow * cellPx);
      const endRow = Math.min(top + height, (cellRow + 1) * cellPx);
      for (let column = 0; column * cellPx < width; column++) {
        const cell = this.readCell(column, cellRow);
        if (cell === null) continue;
        const across = Math.min(cellPx, width - column * cellPx);
        for (let y = firstRow; y < endRow; y++) {
          const from = (y - cellRow * cellPx) * cellPx;
          const to = (y - top) * width + column * cellPx;
          classes.set(cell.classes.subarray(from, from + across), to);
          confidence.set(cell.confidence.subarray(from, from + across), to);
        }
      }
    }
    const mask = areaMask(this.area, { column: 0, row: top }, width, height, this.scale);
    mask?.forEach((inside, i) => {
      if (inside === 1) return;
      classes[i] = noClass;
      confidence[i] = 0;
    });
    return { width, height, classes, confidence };
  }
}

/** The structures of a phantom: classes, distances, outlines in the tissue. */
import {
  depthInside,
  gapBetween,
  moveOutline,
  outlinePolygon,
  type Outline,
  type UmPolygon,
} from './outline.ts';

/** BACH's class indices. */
export const phantomClass = { normal: 0, benign: 1, inSitu: 2, invasive: 3 } as const;

/** The distances of the layout rule; all in µm, between outlines. */
export const spacing = {
  /** No two labelled structures come closer, so that a 467 µm field never shows two of them. */
  field: 470,
  /** A benign lobule keeps this distance from every other lobule. */
  benign: 1700,
  /** In-situ lobules have at least two neighbours nearer than this. */
  crowded: 680,
} as const;

export interface Structure {
  readonly outline: Outline;
  readonly polygon: UmPolygon;
}

export interface Lobule extends Structure {
  /** `phantomClass.benign` or `phantomClass.inSitu`, by arrangement only. */
  readonly classIndex: number;
  readonly seed: number;
}

/** The edge of the tissue: a rounded rectangle with an irregular border. */
export interface TissueOutline {
  readonly centreX: number;
  readonly centreY: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
  readonly shape: Outline;
}

/** Approximate distance to the tissue's edge, positive inside. µm. */
export function depthInTissue(tissue: TissueOutline, x: number, y: number): number {
  const dx = (x - tissue.centreX) / tissue.halfWidth;
  const dy = (y - tissue.centreY) / tissue.halfHeight;
  const ax = dx * dx;
  const ay = dy * dy;
  // A superellipse of order 5, its radius modulated by the outline.
  const rho = Math.pow(ax * ax * Math.abs(dx) + ay * ay * Math.abs(dy), 0.2);
  if (rho < 0.5) return 0.5 * Math.min(tissue.halfWidth, tissue.halfHeight);
  const wave = depthInside(tissue.shape, dx, dy) + Math.hypot(dx, dy);
  return (wave - rho) * Math.min(tissue.halfWidth, tissue.halfHeight);
}

export function structure(outline: Outline, points: number): Structure {
  return { outline, polygon: outlinePolygon(outline, points) };
}

export function keepsDistance(shape: Structure, others: readonly Structure[], gap: number): boolean {
  return others.every(
    (other) => gapBetween(shape.outline, shape.polygon, other.outline, other.polygon, gap) >= gap,
  );
}

export function isInTissue(tissue: TissueOutline, polygon: UmPolygon, margin: number): boolean {
  const count = polygon.length / 2;
  // Every seventh point first: a polygon that sticks out is detected sooner.
  for (let k = 0, i = 0; k < count; k++, i = (i + 7) % count) {
    if (depthInTissue(tissue, polygon[2 * i]!, polygon[2 * i + 1]!) < margin) return false;
  }
  return true;
}

export function movedTo(shape: Structure, x: number, y: number): Structure {
  const polygon = shape.polygon.slice();
  for (let i = 0; i < polygon.length; i += 2) {
    polygon[i] = polygon[i]! + x - shape.outline.x;
    polygon[i + 1] = polygon[i + 1]! + y - shape.outline.y;
  }
  return { outline: moveOutline(shape.outline, x, y), polygon };
}

const cellSize = 400;

interface NearStructures {
  readonly lobules: Outline[];
  readonly nested: Outline[];
}

/**
 * Finds the structures around a point: a hash of square cells, each listing the structures that reach into
 * it.
 */
export class StructureIndex {
  readonly #cells = new Map<number, NearStructures>();

  constructor(lobules: readonly Outline[], nested: readonly Outline[]) {
    for (const outline of lobules) this.#insert(outline, 'lobules');
    for (const outline of nested) this.#insert(outline, 'nested');
  }

  /** Structures whose outline may come within about 60 µm of the point (µm); undefined when none. */
  at(x: number, y: number): NearStructures | undefined {
    return this.#cells.get(key(Math.floor(x / cellSize), Math.floor(y / cellSize)));
  }

  #insert(outline: Outline, kind: keyof NearStructures): void {
    const reach = outline.reach + 60;
    const right = Math.floor((outline.x + reach) / cellSize);
    const bottom = Math.floor((outline.y + reach) / cellSize);
    for (let row = Math.floor((outline.y - reach) / cellSize); row <= bottom; row++) {
      for (let column = Math.floor((outline.x - reach) / cellSize); column <= right; column++) {
        const k = key(column, row);
        let cell = this.#cells.get(k);
        if (!cell) this.#cells.set(k, (cell = { lobules: [], nested: [] }));
        cell[kind].push(outline);
      }
    }
  }
}

function key(column: number, row: number): number {
  return (row + 32768) * 65536 + column + 32768;
}

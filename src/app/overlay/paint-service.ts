/** What the painting worker offers, and does. */
import { paintTile } from './tile-paint.ts';
import type { PaintStyle, TileJob, TilePicture } from './tile-paint.ts';

export interface PaintApi {
  /** Paints parts of an overlay in one style; the result has the order of the jobs. */
  paint(jobs: readonly TileJob[], style: PaintStyle): Promise<TilePicture[]>;
}

export function paintTiles(jobs: readonly TileJob[], style: PaintStyle): TilePicture[] {
  return jobs.map((job) => paintTile(job, style));
}

/** The memory of pictures, to move instead of copy. */
export function buffersOf(pictures: readonly TilePicture[]): ArrayBuffer[] {
  return pictures.flatMap(({ fill, marks }) =>
    [fill, marks].flatMap((part) => (part === null ? [] : [part.buffer])),
  );
}

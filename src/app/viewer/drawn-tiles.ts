/** What OpenSeadragon says of the tiles that it draws, beyond its types. */
import type OpenSeadragon from 'openseadragon';

/** The tiles of the finest level that is drawn. */
export function finestDrawn(item: OpenSeadragon.TiledImage): { level: number; x: number; y: number }[] {
  const drawn = (item as OpenSeadragon.TiledImage & TilesToDraw).getTilesToDraw().map(({ tile }) => tile);
  const finest = Math.max(...drawn.map(({ level }) => level));
  return drawn.filter(({ level }) => level === finest);
}

/** Missing from the types of OpenSeadragon 5. */
interface TilesToDraw {
  getTilesToDraw(): { readonly tile: { level: number; x: number; y: number } }[];
}

/** Missing from the types of OpenSeadragon 5. */
export interface WhenLoaded {
  whenFullyLoaded(callback: () => void): void;
  getFullyLoaded(): boolean;
}

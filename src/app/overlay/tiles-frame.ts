/** What an overlay is painted from, and by whom. */
import type { Affine } from '../viewer/affine.ts';
import type { LiveClassMap } from './class-map-store.ts';
import type { PaintStyle, TileJob, TilePicture } from './tile-paint.ts';

/** Which of the two canvases. */
export type Part = 'fill' | 'marks';

export interface TilesFrame {
  readonly map: LiveClassMap;
  readonly style: PaintStyle;
  /** Differs whenever the style does. */
  readonly styleKey: string;
  /** Pixels of a lower confidence, 0 to 255, are not drawn. */
  readonly minConfidence: number;
  /** Level-0 places that are not drawn, such as glass; null for none. */
  readonly leaveOut: ((x: number, y: number) => boolean) | null;
  /** Level-0 pixels to device pixels. */
  readonly transform: Affine;
  /** Device pixels of the canvas. */
  readonly width: number;
  readonly height: number;
  /** Level-0 size of the slide. */
  readonly slide: { readonly width: number; readonly height: number };
  /** Whether there is time to read more of the map. */
  readonly spare: () => boolean;
}

export type PaintJobs = (jobs: readonly TileJob[], style: PaintStyle) => Promise<TilePicture[]>;

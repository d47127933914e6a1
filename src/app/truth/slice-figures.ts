/** Measurements of one slice: pixels per class, and its confusion matrix. Pure. */
import type { ClassPolygon } from '../../annotation/rasterise.ts';
import { rasterise } from '../../annotation/rasterise.ts';
import { addPixels, createConfusionMatrix } from '../../evaluation/confusion-matrix.ts';
import type { ConfusionMatrix } from '../../evaluation/confusion-matrix.ts';
import { areaMask, tissuePixels } from '../../export/map-area.ts';
import type { SlideArea } from '../../segment/area.ts';
import type { TissueMask } from '../../segment/tissue.ts';
import type { Level0Rect } from '../../slide/slide.ts';

/** Value of unknown pixels, in class maps and in truth. */
const unknown = 255;

export interface SliceClasses {
  readonly rect: Level0Rect;
  readonly size: number;
  /** size × size class values. */
  readonly classes: Uint8Array<ArrayBuffer>;
}

/** Ground truth to compare with, in the classes of the map. */
export interface ComparedTruth {
  readonly areas: readonly ClassPolygon[];
  /** Class value outside all areas; 255 for not counted. */
  readonly outside: number;
}

export interface SliceFigures {
  /** Level-0 area of a pixel. */
  readonly pixelArea: number;
  /** Pixels on tissue per class. */
  readonly counts: Float64Array;
  /** null without truth. */
  readonly confusion: ConfusionMatrix | null;
}

/**
 * Measures a slice within an area. Pixels outside the slide do not count.
 * @param classes number of classes
 * @param truth may omit areas that cannot intersect the slice
 * @param tissue pixels elsewhere count for no class, but are compared with the truth; null counts all
 */
export function sliceFigures(
  slice: SliceClasses,
  classes: number,
  slide: { readonly width: number; readonly height: number },
  area: SlideArea,
  truth: ComparedTruth | null,
  tissue: TissueMask | null = null,
): SliceFigures {
  const { rect, size } = slice;
  const scale = { x: rect.width / size, y: rect.height / size };
  const counted = new Uint8Array(size * size);
  const across = Math.min(size, Math.round((slide.width - rect.x) / scale.x));
  const down = Math.min(size, Math.round((slide.height - rect.y) / scale.y));
  for (let y = 0; y < down; y++) counted.fill(1, y * size, y * size + Math.max(0, across));
  const at = { column: Math.round(rect.x / scale.x), row: Math.round(rect.y / scale.y) };
  const inside = areaMask(area, at, size, size, scale);
  const onTissue = tissuePixels(tissue, at, size, size, scale);
  const counts = new Float64Array(classes);
  for (let i = 0; i < counted.length; i++) {
    const value = slice.classes[i] ?? unknown;
    if (inside?.[i] === 0 || value >= classes) counted[i] = 0;
    if (counted[i] === 1 && onTissue?.[i] !== 0) counts[value] = (counts[value] ?? 0) + 1;
  }
  const pixelArea = scale.x * scale.y;
  if (truth === null) return { pixelArea, counts, confusion: null };
  const confusion = createConfusionMatrix(classes);
  const mask = rasterise(truth.areas, rect, size, size, truth.outside);
  const predicted = slice.classes.slice();
  for (let i = 0; i < counted.length; i++) {
    if ((mask[i] ?? unknown) >= classes) counted[i] = 0;
    // The matrix rejects values that are no class, even if not counted.
    if (counted[i] === 0) mask[i] = predicted[i] = 0;
  }
  addPixels(confusion, mask, predicted, counted);
  return { pixelArea, counts, confusion };
}

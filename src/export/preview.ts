/** A small picture of a result: the slide overlaid with its classes. */
import type { ModelManifest } from '../runtime/manifest.ts';
import { noClass } from '../segment/class-map.ts';
import type { RgbaImage } from '../slide/slide.ts';

export interface PreviewClasses {
  readonly width: number;
  readonly height: number;
  /** Class values, row by row; `noClass` where not segmented. */
  readonly classes: Uint8Array;
}

/** Longest side of a preview, pixels. */
const longestPx = 2048;
/** Opacity of a class's colour, inside and along its border. */
const fill = 0.45;
const border = 1;
/** Opacity of white over areas that were not segmented. */
const veil = 0.5;

/** Size of the preview for a map of `width × height`; at most the map's size. */
export function previewSize(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, longestPx / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * Overlays the slide with its classes: no fill for background, the class colour with an opaque border for other classes,
 * a white veil where not segmented.
 * @param picture the slide, of the same size.
 */
export function paintPreview(
  picture: RgbaImage,
  { width, height, classes }: PreviewClasses,
  manifest: Pick<ModelManifest, 'classes'>,
): RgbaImage {
  const colours = manifest.classes.map(({ colour, background }) =>
    background ? null : [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)),
  );
  const data = new Uint8ClampedArray(picture.data);
  const differs = (value: number, x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && classes[y * width + x] !== value;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const value = classes[at] ?? noClass;
      const colour = value === noClass ? [255, 255, 255] : colours[value];
      if (colour == null) continue;
      const onBorder =
        value !== noClass &&
        (differs(value, x - 1, y) ||
          differs(value, x + 1, y) ||
          differs(value, x, y - 1) ||
          differs(value, x, y + 1));
      const share = value === noClass ? veil : onBorder ? border : fill;
      for (let c = 0; c < 3; c++) {
        const slide = data[4 * at + c] ?? 255;
        data[4 * at + c] = Math.round(slide + ((colour[c] ?? 0) - slide) * share);
      }
    }
  }
  return { width, height, data };
}

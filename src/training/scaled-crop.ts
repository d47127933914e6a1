/**
 * Squares of an image at another scale than its own: what augmentation by scale reads. Colours are interpolated
 * between pixels, classes never (DESIGN 4).
 */
import { cropClasses, cropRgb, type LabelledImage, type RgbSquare } from './labelled-image.ts';

/** A square of an image, pixels; may lie between pixels and reach over the border. */
export interface ImageSquare {
  readonly x: number;
  readonly y: number;
  readonly span: number;
}

/** The square as `side` × `side` pixels, [side, side, 3]: bilinear, white outside the image. */
export function scaledRgb(image: LabelledImage, square: ImageSquare, side: number): RgbSquare {
  const { x, y, span } = square;
  if (span === side && Number.isInteger(x) && Number.isInteger(y)) return cropRgb(image, x, y, side);
  const out = new Uint8Array(side * side * 3);
  const columns = neighbours(x, span, side);
  const rows = neighbours(y, span, side);
  for (let row = 0; row < side; row++) {
    const [top, down] = [rows.first[row]!, rows.share[row]!];
    for (let column = 0; column < side; column++) {
      const [left, right] = [columns.first[column]!, columns.share[column]!];
      for (let channel = 0; channel < 3; channel++) {
        const above = mix(at(image, left, top, channel), at(image, left + 1, top, channel), right);
        const below = mix(at(image, left, top + 1, channel), at(image, left + 1, top + 1, channel), right);
        out[(row * side + column) * 3 + channel] = Math.round(mix(above, below, down));
      }
    }
  }
  return out;
}

/** The classes at the pixels' middles, [side, side]; class 0 outside the image. */
export function scaledClasses(
  image: LabelledImage,
  square: ImageSquare,
  side: number,
): Uint8Array<ArrayBuffer> {
  const { x, y, span } = square;
  if (span === side && Number.isInteger(x) && Number.isInteger(y)) return cropClasses(image, x, y, side);
  const out = new Uint8Array(side * side);
  const step = span / side;
  for (let row = 0; row < side; row++) {
    const from = Math.floor(y + (row + 0.5) * step);
    if (from < 0 || from >= image.height) continue;
    for (let column = 0; column < side; column++) {
      const inside = Math.floor(x + (column + 0.5) * step);
      if (inside >= 0 && inside < image.width) {
        out[row * side + column] = image.classes[from * image.width + inside]!;
      }
    }
  }
  return out;
}

/** For each of `side` pixels over `span`: the image's pixel before its middle, and the share of the next one. */
function neighbours(start: number, span: number, side: number): { first: Int32Array; share: Float32Array } {
  const first = new Int32Array(side);
  const share = new Float32Array(side);
  for (let i = 0; i < side; i++) {
    const middle = start + ((i + 0.5) * span) / side - 0.5;
    first[i] = Math.floor(middle);
    share[i] = middle - first[i]!;
  }
  return { first, share };
}

function at({ width, height, rgb }: LabelledImage, x: number, y: number, channel: number): number {
  return x < 0 || y < 0 || x >= width || y >= height ? 255 : rgb[(y * width + x) * 3 + channel]!;
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

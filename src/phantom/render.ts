import { rasterise } from '../annotation/rasterise.ts';
import type { RgbaImage } from '../slide/slide.ts';
import { StainCanvas } from './canvas.ts';
import { drawAcinus } from './lobule.ts';
import { drawNests } from './nest.ts';
import type { Phantom, UmRect } from './phantom.ts';
import { stainPixel } from './stain.ts';
import { drawStroma, drawStromalNuclei } from './stroma.ts';
import { evaluateFields, field, nodeSpacing, type FieldGrid } from './tissue-fields.ts';
import { drawVessels } from './vessel.ts';

/** Pixels drawn at once: few enough for the stain amounts to stay in the processor's cache. */
const blockSize = 512;
/** Used for every block. */
const amounts = new Float32Array(2 * blockSize * blockSize);

/**
 * Draws a rectangle (µm) of the phantom into `outWidth` × `outHeight` pixels, RGBA, alpha 255. Drawing it in
 * pieces on the same pixel grid gives the same pixels. Outside the slide is background. Made for 0.2 to 16 µm
 * per pixel; single cells fade beyond 4.
 * @param memory for the pixels, if many rectangles are drawn one after the other.
 * @throws RangeError for sizes that are not positive, or memory of another length.
 */
export function renderRgb(
  phantom: Phantom,
  rect: UmRect,
  outWidth: number,
  outHeight: number,
  memory?: Uint8ClampedArray<ArrayBuffer>,
): RgbaImage {
  if (!(outWidth > 0 && outHeight > 0 && rect.width > 0 && rect.height > 0)) {
    throw new RangeError('A phantom can be drawn only into a positive number of pixels and micrometres.');
  }
  const data = memory ?? new Uint8ClampedArray(outWidth * outHeight * 4);
  if (data.length !== outWidth * outHeight * 4) {
    throw new RangeError(`${data.length} bytes do not hold ${outWidth} × ${outHeight} pixels.`);
  }
  const pixels = new Uint32Array(data.buffer, data.byteOffset, outWidth * outHeight);
  const stepX = rect.width / outWidth;
  const stepY = rect.height / outHeight;
  for (let top = 0; top < outHeight; top += blockSize) {
    for (let left = 0; left < outWidth; left += blockSize) {
      const width = Math.min(blockSize, outWidth - left);
      const height = Math.min(blockSize, outHeight - top);
      const area = { width, height, x: rect.x + left * stepX, y: rect.y + top * stepY, stepX, stepY };
      const canvas = new StainCanvas(area, phantom.noise, amounts);
      drawBlock(canvas, phantom, pixels, outWidth, left, top);
    }
  }
  return { width: outWidth, height: outHeight, data };
}

function drawBlock(
  canvas: StainCanvas,
  phantom: Phantom,
  pixels: Uint32Array,
  stride: number,
  left: number,
  top: number,
): void {
  const spanX = canvas.width * canvas.stepX;
  const spanY = canvas.height * canvas.stepY;
  const grid = evaluateFields(phantom, canvas.x, canvas.y, spanX, spanY, 48);
  drawStroma(canvas, phantom, grid);
  drawVessels(canvas, phantom);
  drawStromalNuclei(canvas, phantom, grid);
  phantom.layout.lobules.forEach(({ outline }, i) => {
    if (outline.x + outline.reach < canvas.x || outline.x - outline.reach > canvas.x + spanX) return;
    if (outline.y + outline.reach < canvas.y || outline.y - outline.reach > canvas.y + spanY) return;
    for (const acinus of phantom.acini[i]!) drawAcinus(canvas, acinus);
  });
  drawNests(canvas, phantom);

  paintStains(canvas, phantom, grid, pixels, stride, left, top);
}

/** Thickness, grain, then colour. */
function paintStains(
  canvas: StainCanvas,
  phantom: Phantom,
  grid: FieldGrid,
  pixels: Uint32Array,
  stride: number,
  left: number,
  top: number,
): void {
  const { noise, stain } = phantom;
  const { width, height, centresX, centresY, haematoxylin, eosin } = canvas;
  const thickness = grid.planes[field.thickness]!;
  const nodes = Int32Array.from(centresX, (px) => Math.floor(px / nodeSpacing - grid.column0));
  const fractions = centresX.map((px, i) => px / nodeSpacing - grid.column0 - nodes[i]!);
  const grainX = centresX.map((px) => px * 1.37);
  for (let row = 0; row < height; row++) {
    const py = centresY[row]!;
    const gy = py / nodeSpacing - grid.row0;
    const nodeRow = Math.floor(gy);
    const fy = gy - nodeRow;
    const grainSlant = py * 0.11;
    const grainRow = noise.grainRow(py * 1.37);
    const start = row * width;
    const target = (top + row) * stride + left;
    for (let column = 0; column < width;) {
      // Columns between the same two nodes.
      const node = nodes[column]!;
      const corner = nodeRow * grid.columns + node;
      const a = thickness[corner]!;
      const across = thickness[corner + 1]! - a;
      const down = (thickness[corner + grid.columns]! - a) * fy;
      for (; column < width && nodes[column] === node; column++) {
        const t = a + across * fractions[column]! + down;
        const grain = noise.grain(grainX[column]! + grainSlant, grainRow) - 0.5;
        const h = haematoxylin[start + column]!;
        const e = eosin[start + column]!;
        pixels[target + column] = stainPixel(
          stain,
          h * t + 0.05 * grain * h + 0.006 * grain,
          e * t + 0.08 * grain * e + 0.01 * grain,
        );
      }
    }
  }
}

/**
 * The class of every pixel centre of a rectangle (µm): 0 normal or background, 1 benign, 2 in situ, 3
 * invasive. `outWidth * outHeight` bytes, row by row.
 */
export function renderClasses(
  phantom: Phantom,
  rect: UmRect,
  outWidth: number,
  outHeight: number,
): Uint8Array<ArrayBuffer> {
  const touching = phantom.regions.filter(({ polygonUm }) => touches(polygonUm, rect));
  return rasterise(
    touching.map(({ classIndex, polygonUm }) => ({ classIndex, outer: polygonUm })),
    rect,
    outWidth,
    outHeight,
  );
}

function touches(polygon: Float64Array, rect: UmRect): boolean {
  let left = Infinity;
  let right = -Infinity;
  let top = Infinity;
  let bottom = -Infinity;
  for (let i = 0; i < polygon.length; i += 2) {
    left = Math.min(left, polygon[i]!);
    right = Math.max(right, polygon[i]!);
    top = Math.min(top, polygon[i + 1]!);
    bottom = Math.max(bottom, polygon[i + 1]!);
  }
  return right > rect.x && left < rect.x + rect.width && bottom > rect.y && top < rect.y + rect.height;
}

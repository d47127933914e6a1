/**
 * A PNG of one large region as a slide of one level. The app refuses plain images of more than 67 megapixels; BCSS has
 * regions of up to 130. Decoded as a whole when a tile is read; the last ones stay in memory, as slides are kept open while
 * samples are drawn from them.
 */
import sharp from 'sharp';
import { LeastRecentlyUsed } from '../../base/lru.ts';
import { SlideError, type RgbaImage, type Slide } from '../../slide/slide.ts';

/** Most pixels: 800 MB decoded. */
const maxRoiPixels = 2 ** 28;
/** Most memory for decoded regions of all slides; the last one always stays. */
const maxDecodedBytes = 2 ** 29;
const tilePx = 512;
const remedy = 'Download or copy it again.';

interface Decoded {
  readonly rgb: Promise<Buffer>;
  readonly bytes: number;
}

/** By slide, not by file: a file may change until it is opened again. */
const decoded = new LeastRecentlyUsed<symbol, Decoded>(maxDecodedBytes, ({ bytes }) => bytes);

/**
 * Opens it; reads the header only.
 * @param mpp µm per pixel; null if unknown
 * @throws SlideError when it is no PNG, or too large.
 */
export async function roiSlide(
  file: string,
  name: string,
  format: string,
  mpp: number | null,
): Promise<Slide> {
  const { width, height } = await pngSize(file);
  const opened = Symbol(name);
  const pixels = async (): Promise<Buffer> => {
    const known = decoded.get(opened);
    if (known !== undefined) return known.rgb;
    const rgb = decodeRgb(file);
    decoded.set(opened, { rgb, bytes: width * height * 3 });
    return rgb;
  };
  const level = { width, height, downsample: 1, tileWidth: tilePx, tileHeight: tilePx };
  return {
    metadata: {
      name,
      format,
      compression: 'PNG',
      width,
      height,
      levels: [level],
      mpp: mpp === null ? null : { x: mpp, y: mpp, source: `${format}, file name` },
      magnification: null,
      associated: [],
      scanner: null,
      icc: null,
      fileSize: 0,
      fingerprint: '',
      revision: '',
      properties: {},
    },
    tile: async (index, column, row) => {
      const [left, top] = [column * tilePx, row * tilePx];
      if (index !== 0 || !(left >= 0 && top >= 0 && left < width && top < height)) {
        throw new RangeError(`${name} has no tile ${column}, ${row} on level ${index}.`);
      }
      return { kind: 'pixels', image: cutRgb(await pixels(), width, height, left, top) };
    },
    associatedImage: async (wanted) => {
      throw new RangeError(`${name} has no associated image "${wanted}".`);
    },
    iccProfile: async () => null,
    close: () => {
      decoded.delete(opened);
    },
  };
}

/** Size of a PNG. @throws SlideError when it is no PNG, or too large to be decoded as a whole. */
export async function pngSize(file: string): Promise<{ readonly width: number; readonly height: number }> {
  const { format, width, height } = await sharp(file, { limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      throw new SlideError('corrupt', file, "The image can't be read.", remedy, { cause });
    });
  if (format !== 'png') throw new SlideError('not-a-slide', file, 'The image is no PNG.', remedy);
  if (width * height > maxRoiPixels) {
    const problem = `The image has ${width} × ${height} pixels, too many to decode as a whole.`;
    throw new SlideError('unsupported', file, problem, 'Cut it into smaller regions.');
  }
  return { width, height };
}

/** [height, width, 3], pixels as stored. */
async function decodeRgb(file: string): Promise<Buffer> {
  return sharp(file, { limitInputPixels: maxRoiPixels, ignoreIcc: true })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer()
    .catch((cause: unknown) => {
      throw new SlideError('broken-tile', file, 'The image is damaged.', remedy, { cause });
    });
}

function cutRgb(rgb: Buffer, width: number, height: number, left: number, top: number): RgbaImage {
  const [columns, rows] = [Math.min(tilePx, width - left), Math.min(tilePx, height - top)];
  const data = new Uint8ClampedArray(columns * rows * 4).fill(255);
  for (let row = 0, to = 0; row < rows; row++) {
    let from = ((top + row) * width + left) * 3;
    for (let column = 0; column < columns; column++, to += 4, from += 3) {
      data[to] = rgb[from]!;
      data[to + 1] = rgb[from + 1]!;
      data[to + 2] = rgb[from + 2]!;
    }
  }
  return { width: columns, height: rows, data };
}

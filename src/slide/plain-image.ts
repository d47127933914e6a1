/**
 * A plain JPEG, PNG or WebP image as a slide of one level. The image is decoded once, as a whole, so its size
 * is limited; its tiles are cut from the result. A large JPEG is decoded when the first tile is asked for: until then a
 * reduced picture of it serves, which takes a tenth of the time and reads all of the stream.
 */
import { brokenTile } from './broken-tile.ts';
import { checkDecodable, encodedSize } from './encoded-image.ts';
import { turned, upright, uprightFile } from './exif.ts';
import { contentRevision, fingerprint } from './fingerprint.ts';
import { usableProfile } from './icc.ts';
import { embeddedProfile } from './icc-files.ts';
import { jpegFrame } from './jpeg.ts';
import { maxImageBytes, maxImagePixels } from './limits.ts';
import {
  SlideError,
  type ByteSource,
  type EncodedImageType,
  type RgbaImage,
  type Shrink,
  type Slide,
  type SlidePlatform,
} from './slide.ts';
import { slideLevels } from './pyramid.ts';

const tileSize = 512;
/** JPEGs of more pixels are first decoded to an eighth of their sides; a view shows smaller ones from their tiles. */
const mostAtOnce = 96 * tileSize ** 2;

/**
 * @throws SlideError `unsupported` when the image is too large to decode as a whole, `corrupt` when it cannot
 * be decoded.
 */
export async function openPlainImage(
  source: ByteSource,
  type: EncodedImageType,
  platform: SlidePlatform,
): Promise<Slide> {
  const tooLarge = new SlideError(
    'unsupported',
    source.name,
    'The image is too large to be decoded as a whole.',
    'Convert it to a pyramidal TIFF, for example: vips tiffsave in.png out.tif --tile --pyramid --compression jpeg.',
  );
  if (source.size > maxImageBytes) throw tooLarge;
  const { bytes, orientation } = uprightFile(await source.read(0, source.size), type);
  const size = encodedSize(bytes, type);
  if (size !== null && size.width * size.height > maxImagePixels) throw tooLarge;
  // Browsers and Node convert inks in different ways.
  if (type === 'image/jpeg' && jpegFrame(bytes)?.components === 4) {
    throw new SlideError(
      'unsupported',
      source.name,
      'Its colours are the four inks of print (CMYK).',
      'Save it with RGB colours.',
    );
  }
  const decode = async (shrink?: Shrink): Promise<RgbaImage> => {
    const decoded = await platform.decoder.decode(bytes, type, undefined, shrink);
    // A JPEG has no transparency: a look at 64 million pixels takes a while.
    return turned(type === 'image/jpeg' ? decoded : compositeOnWhite(decoded), orientation);
  };
  const isLate = type === 'image/jpeg' && size !== null && size.width * size.height > mostAtOnce;
  let first: RgbaImage;
  try {
    checkDecodable(bytes, type);
    first = await decode(isLate ? 8 : 1);
  } catch (cause) {
    throw new SlideError(
      'corrupt',
      source.name,
      `The ${type.slice(6).toUpperCase()} image is damaged.`,
      'Copy or export it again.',
      { cause },
    );
  }
  const { width, height } = isLate ? upright(size, orientation) : first;
  let whole = isLate ? null : Promise.resolve(first);
  const embedded = embeddedProfile(bytes, type);
  const profile = await usableProfile(embedded?.length ?? 0, () => embedded);
  const levels = slideLevels([{ width, height, tileWidth: tileSize, tileHeight: tileSize }]);
  const { name } = source;
  return {
    metadata: {
      name,
      format: type.slice(6),
      compression: type.slice(6).toUpperCase(),
      width,
      height,
      levels,
      mpp: null,
      magnification: null,
      associated: [],
      scanner: null,
      icc: profile.summary,
      fileSize: source.size,
      fingerprint: await fingerprint([source]),
      revision: await contentRevision([source]),
      properties: {},
    },
    async tile(level, column, row) {
      const left = column * tileSize;
      const top = row * tileSize;
      if (level !== 0 || !(left >= 0 && top >= 0 && left < width && top < height)) {
        throw new RangeError(`${name} has no tile ${column}, ${row} at level ${level}.`);
      }
      whole ??= decode().then((image) => {
        if (image.width === width && image.height === height) return image;
        throw new Error(`It has ${image.width} by ${image.height} pixels instead of ${width} by ${height}.`);
      });
      const image = await whole.catch((cause: unknown) => {
        throw brokenTile(name, 'image', 'The JPEG image is damaged.', cause);
      });
      return {
        kind: 'pixels',
        image: cutImage(image, left, top, Math.min(tileSize, width - left), Math.min(tileSize, height - top)),
      };
    },
    ...(isLate ? { preview: () => Promise.resolve(first) } : {}),
    associatedImage: (wanted) =>
      Promise.reject(new RangeError(`${name} has no associated image "${wanted}".`)),
    iccProfile: () => Promise.resolve(profile.bytes?.slice() ?? null),
    close: () => void source.close?.(),
  };
}

/** A copy of a part of an image. */
export function cutImage(
  image: RgbaImage,
  left: number,
  top: number,
  width: number,
  height: number,
): RgbaImage {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 4;
    data.set(image.data.subarray(from, from + width * 4), y * width * 4);
  }
  return { width, height, data };
}

/** Composites transparent pixels onto white, in place. */
function compositeOnWhite(image: RgbaImage): RgbaImage {
  const { data } = image;
  for (let o = 0; o < data.length; o += 4) {
    const alpha = data[o + 3]!;
    if (alpha === 255) continue;
    for (let c = o; c < o + 3; c++) data[c] = (data[c]! * alpha) / 255 + 255 - alpha;
    data[o + 3] = 255;
  }
  return image;
}

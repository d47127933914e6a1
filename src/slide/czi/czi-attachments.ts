/** What is attached to a CZI slide: pictures of the label and the whole glass, as JPEG or as CZI files within the file. */
import { readExactly } from '../byte-source.ts';
import { brokenTile } from '../broken-tile.ts';
import { encodedSize, imageType } from '../encoded-image.ts';
import { checkEncodedTile } from '../encoded-tile.ts';
import type { AssociatedSource, TileGrid } from '../grid-slide.ts';
import { imageRole } from '../image-role.ts';
import { maxAssociatedPixels, maxTileBytes } from '../limits.ts';
import { SlideError, type ByteSource } from '../slide.ts';
import { wholeGrid } from '../whole-grid.ts';
import { CziFile, type CziAttachment } from './czi-file.ts';

/** The images beside the slide; those that cannot be read are left out. @param levels reads a CZI file within the file. */
export async function attachedImages(
  file: CziFile,
  attachments: readonly CziAttachment[],
  levels: (file: CziFile) => Promise<readonly TileGrid[]>,
): Promise<AssociatedSource[]> {
  const images: AssociatedSource[] = [];
  for (const attachment of attachments) {
    const name = roleOf(attachment.name);
    if (name === null || images.some((one) => one.name === name)) continue;
    try {
      const image =
        attachment.type === 'CZI'
          ? await cziImage(name, file, attachment, levels)
          : await jpeg(name, file, attachment);
      if (image !== null) images.push(image);
    } catch (error) {
      if (!(error instanceof SlideError) || !['corrupt', 'truncated', 'unsupported'].includes(error.code))
        throw error;
      // An unreadable attachment does not keep the slide from opening; a spent budget does.
      if (file.budget.left === 0) throw error;
    }
  }
  return images;
}

/** ZEN calls the picture of the whole glass a preview of the slide. */
const roleOf = (name: string): string | null => (/^slidepreview$/i.test(name) ? 'macro' : imageRole(name));

async function jpeg(
  name: string,
  file: CziFile,
  { at, length }: CziAttachment,
): Promise<AssociatedSource | null> {
  if (length > maxTileBytes) return null;
  const bytes = await readExactly(file.source, at, length, name);
  const type = imageType(bytes);
  const size = type === null ? null : encodedSize(bytes, type);
  if (type === null || size === null || size.width * size.height > maxAssociatedPixels) return null;
  const { width, height } = size;
  return {
    ...{ name, width, height },
    async whole(_platform, signal) {
      const whole = await readExactly(file.source, at, length, name, signal);
      try {
        checkEncodedTile(whole, type, { width, height, visibleWidth: width, visibleHeight: height });
      } catch (cause) {
        throw brokenTile(file.source.name, name, 'Its image data is damaged.', cause);
      }
      return { kind: 'encoded', type, bytes: whole };
    },
  };
}

async function cziImage(
  name: string,
  file: CziFile,
  { at, length }: CziAttachment,
  levels: (file: CziFile) => Promise<readonly TileGrid[]>,
): Promise<AssociatedSource | null> {
  const [grid] = await levels(new CziFile(partOf(file.source, at, length), file.budget));
  if (grid === undefined || grid.width * grid.height > maxAssociatedPixels) return null;
  return wholeGrid(name, grid, file.source.name);
}

/** A part of a file as a file of its own. */
function partOf(source: ByteSource, from: number, size: number): ByteSource {
  return {
    name: source.name,
    size,
    read: (offset, length, signal) =>
      source.read(from + offset, Math.max(0, Math.min(length, size - offset)), signal),
  };
}

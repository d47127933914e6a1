/**
 * Aperio SVS (Leica): a TIFF whose first tiled image is level 0. The other levels are tiled too; thumbnail, label and macro
 * are in strips. ImageDescription holds the metadata, as `header;…|key = value|key = value`.
 */
import { positiveDecimal } from '../../base/decimal.ts';
import { maxProperties } from '../limits.ts';
import { isSameShape } from '../pyramid.ts';
import type { SlideMpp } from '../slide.ts';
import { resolutionMpp } from './resolution.ts';
import { subfileType, tag } from './tags.ts';
import { TiffImage } from './tiff-image.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';
import { associated, levelsAmong, type AssociatedSource, type TiffContents } from './tiff-slide.ts';
import { unlessUnsupported } from './tiff-support.ts';

/** Whether an image's description is Aperio's: the first one's, unless that is a label without any. */
export async function isAperio(file: TiffFile): Promise<boolean> {
  return (await slideDirectory(file)) !== null;
}

/** @throws SlideError `unsupported`, `corrupt`. */
export async function aperioContents(file: TiffFile): Promise<TiffContents> {
  const directory = (await slideDirectory(file)) ?? file.directories[0]!;
  const description = await directory.text(tag.imageDescription);
  const properties = aperioProperties(description);
  const base = await TiffImage.open(file, directory);
  const candidates: TiffImage[] = [];
  const rest: { readonly name: string; readonly image: TiffImage }[] = [];
  for (const [index, other] of file.directories.entries()) {
    if (other === directory) continue;
    const role = await roleOf(other);
    // An unreadable associated image does not keep the slide from opening; an unreadable level does.
    const isLevel = role === null && other.has(tag.tileWidth);
    const image = isLevel
      ? await TiffImage.open(file, other)
      : await unlessUnsupported(TiffImage.open(file, other));
    if (image === null) continue;
    if (isLevel) candidates.push(image);
    else rest.push({ name: role ?? (isThumbnail(base, image) ? 'thumbnail' : `image ${index}`), image });
  }
  const { levels, others } = levelsAmong(base, candidates);
  for (const image of others)
    rest.push({ name: `image ${file.directories.indexOf(image.directory)}`, image });
  const images: AssociatedSource[] = [];
  for (const { name, image } of rest) {
    if (!images.some((one) => one.name === name)) images.push(associated(name, image));
  }
  return {
    format: 'aperio-svs',
    directory,
    levels,
    associated: images,
    mpp: aperioMpp(properties) ?? resolutionMpp(directory),
    magnification: positiveDecimal(properties.AppMag),
    scanner: properties['ScanScope ID'] === undefined ? null : `Aperio ${properties['ScanScope ID']}`,
    properties: { ...properties, ImageDescription: description },
  };
}

/**
 * The first image with Aperio's description that is neither label nor macro, or a larger one in tiles: copies may begin with
 * the smallest level. null where the first is of another maker.
 */
async function slideDirectory(file: TiffFile): Promise<TiffDirectory | null> {
  let found: TiffDirectory | null = null;
  for (const directory of file.directories) {
    const isOurs = (await directory.textStart(tag.imageDescription)).startsWith('Aperio');
    const role = await roleOf(directory);
    if (role !== null) continue;
    if (
      isOurs &&
      (found === null || (directory.has(tag.tileWidth) && pixelsOf(directory) > pixelsOf(found)))
    ) {
      found = directory;
    }
    if (found === null) return null;
  }
  return found;
}

const pixelsOf = (directory: TiffDirectory): number =>
  (directory.number(tag.imageWidth) ?? 0) * (directory.number(tag.imageLength) ?? 0);

/** Key-value pairs of an Aperio description. The last value of a repeated key counts. */
export function aperioProperties(description: string): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const part of description.split('|', maxProperties + 1).slice(1)) {
    const equals = part.indexOf('=');
    if (equals > 0) properties[part.slice(0, equals).trim()] = part.slice(equals + 1).trim();
  }
  return properties;
}

function aperioMpp(properties: Readonly<Record<string, string>>): SlideMpp | null {
  const key = Object.keys(properties).find((name) => name.toUpperCase() === 'MPP');
  const mpp = positiveDecimal(key === undefined ? undefined : properties[key]);
  return mpp === null ? null : { x: mpp, y: mpp, source: 'Aperio MPP' };
}

/** Label or macro, by the description, or in strips by the subfile type (GT450, which describes neither). */
async function roleOf(directory: TiffDirectory): Promise<'label' | 'macro' | null> {
  const description = await directory.textStart(tag.imageDescription);
  // The second line begins with the image's kind, except for the thumbnail's ("2220x2967 -> 574x768"). Each character is
  // looked at once: no pattern may try the same blanks again from every line.
  const kind = description
    .split('\n')
    .slice(1)
    .map((line) => /^(label|macro)\b/i.exec(line.trimStart())?.[1])
    .find((word) => word !== undefined);
  if (kind !== undefined) return kind.toLowerCase() === 'label' ? 'label' : 'macro';
  if (directory.has(tag.tileWidth)) return null;
  const type = directory.number(tag.newSubfileType);
  if (type === subfileType.reduced) return 'label';
  return type === subfileType.aperioMacro ? 'macro' : null;
}

/** A thumbnail is of the slide's own shape; what is not may be a label and is shown only when asked for. */
const isThumbnail = (base: TiffImage, image: TiffImage): boolean =>
  image.width < base.width && isSameShape(base, image);

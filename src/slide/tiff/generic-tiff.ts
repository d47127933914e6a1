/**
 * A TIFF of unknown origin. Its largest image is level 0, tiled ones first, unless its name or subfile type says that it
 * is something else; reduced copies in the main chain or among the SubIFDs are levels; all others are associated images.
 */
import { positiveDecimal } from '../../base/decimal.ts';
import { maxXmlBytes } from '../limits.ts';
import { imageRole, type ImageRole } from '../image-role.ts';
import { isSameShape } from '../pyramid.ts';
import { SlideError } from '../slide.ts';
import { descriptionMpp, resolutionMpp } from './resolution.ts';
import { subfileType, tag } from './tags.ts';
import { TiffImage } from './tiff-image.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';
import { associated, levelsAmong, type AssociatedSource, type TiffContents } from './tiff-slide.ts';
import { unlessUnreadable, unlessUnsupported } from './tiff-support.ts';

/** An image in tiles is the slide even if one in strips (a label, a photograph) has up to this many times its pixels. */
const mostStripPixels = 64;

export interface GenericOptions {
  /** Level 0, where the dialect knows it. */
  readonly base?: TiffDirectory;
  /** Names of images that are no levels, by their directory, where the dialect knows them. */
  readonly names?: ReadonlyMap<TiffDirectory, string>;
}

/** @throws SlideError `unsupported`, `corrupt`. */
export async function genericContents(file: TiffFile, options: GenericOptions = {}): Promise<TiffContents> {
  const { names = new Map<TiffDirectory, string>() } = options;
  const directory = options.base ?? (await slideDirectory(file));
  const base = await TiffImage.open(file, directory);
  const description = await directory.text(tag.imageDescription, maxXmlBytes);
  // A SubIFD may be in the main chain too.
  const rest = new Set([...(await file.subDirectories(directory)), ...file.directories]);
  rest.delete(directory);
  const images: AssociatedSource[] = [];
  const candidates: TiffImage[] = [];
  const named: { readonly name: string; readonly image: TiffImage }[] = [];
  let samePlanes = 0;
  for (const other of rest) {
    const opening = TiffImage.open(file, other);
    const image = await (file.directories.includes(other)
      ? unlessUnsupported(opening)
      : unlessUnreadable(opening));
    if (image === null) continue;
    const own = names.get(other);
    const name = (own === undefined ? await roleOf(other) : imageRole(own)) ?? own;
    if (name !== undefined) named.push({ name: name || `image ${named.length + 1}`, image });
    else if (image.width === base.width && image.height === base.height) samePlanes++;
    else candidates.push(image);
  }
  const alike = candidates.filter((image) => image.channels === base.channels);
  const { levels, others } = levelsAmong(base, alike);
  for (const { name, image } of named) images.push(associated(uniqueName(name, images), image));
  for (const image of candidates) {
    if (alike.includes(image) && !others.includes(image)) continue;
    images.push(associated(uniqueName(`image ${images.length + 1}`, images), image));
  }
  const software = await directory.text(tag.software);
  const scanner = [await directory.text(tag.make), await directory.text(tag.model)].filter(Boolean).join(' ');
  return {
    format: 'tiff',
    directory,
    levels,
    associated: images,
    mpp: descriptionMpp(description) ?? resolutionMpp(directory),
    magnification: positiveDecimal(
      /\b(?:magnification|appmag|objective[-_ ]?power)\b"?\s*[=:>]\s*"?([\d.,]+)/i.exec(description)?.[1],
    ),
    scanner: scanner === '' ? null : scanner,
    properties: withoutEmpty({
      ImageDescription: description,
      Software: software,
      DateTime: await directory.text(tag.dateTime),
      Copyright: await directory.text(tag.copyright),
    }),
    notes: [
      ...(samePlanes === 0 ? [] : [planesNote(samePlanes)]),
      ...(base.hiddenSamples === 0 ? [] : [samplesNote(base.hiddenSamples + 1)]),
    ],
  };
}

/** The role that its description or the name of its page gives an image. */
const roleOf = async (directory: TiffDirectory): Promise<ImageRole | null> =>
  imageRole(await directory.textStart(tag.imageDescription)) ??
  imageRole(await directory.textStart(tag.pageName));

const samplesNote = (count: number): string =>
  `Each pixel has ${count} values that the file does not call colours (channels); the first is shown.`;

/** What is said of images as large as level 0, which may be focal planes, times or channels. */
export function planesNote(count: number): string {
  return count === 1
    ? 'The file has another image of the same size (a channel, focal plane or time), which is not shown.'
    : `The file has ${count} more images of the same size (channels, focal planes or times), which are not shown.`;
}

const uniqueName = (name: string, images: readonly AssociatedSource[]): string =>
  images.some((one) => one.name === name) ? `${name} ${images.length + 1}` : name;

/** @throws SlideError `unsupported` for a file of nothing but labels and macros. */
async function slideDirectory(file: TiffFile): Promise<TiffDirectory> {
  const places = await Promise.all(
    file.directories.map(async (directory) => ({
      directory,
      role: await roleOf(directory),
    })),
  );
  const isPart = (directory: TiffDirectory): boolean =>
    ((directory.number(tag.newSubfileType) ?? 0) & (subfileType.reduced | subfileType.mask)) !== 0;
  const unnamed = places.filter(({ role }) => role === null);
  const whole = unnamed.filter(({ directory }) => !isPart(directory));
  const shown = [whole, unnamed, places.filter(({ role }) => role === 'thumbnail')].find(
    (one) => one.length > 0,
  );
  if (shown === undefined) {
    throw new SlideError(
      'unsupported',
      file.source.name,
      'It holds only a label or a picture of the whole glass, not the slide.',
      'Open the slide file that belongs to it.',
    );
  }
  const largest = (all: readonly TiffDirectory[]): TiffDirectory | undefined =>
    all.reduce<TiffDirectory | undefined>(
      (best, one) => (best === undefined || pixelsOf(one) > pixelsOf(best) ? one : best),
      undefined,
    );
  const all = shown.map(({ directory }) => directory);
  const tiles = largest(all.filter((directory) => directory.has(tag.tileWidth)));
  const strips = largest(all.filter((directory) => !directory.has(tag.tileWidth)));
  if (tiles === undefined || strips === undefined) return (tiles ?? strips)!;
  // Tiles may be of a reduced copy, too.
  const isCopy = pixelsOf(strips) > pixelsOf(tiles) && isSameShape(sizeOf(strips), sizeOf(tiles));
  return isCopy || pixelsOf(strips) > mostStripPixels * pixelsOf(tiles) ? strips : tiles;
}

const sizeOf = (directory: TiffDirectory): { readonly width: number; readonly height: number } => ({
  width: directory.number(tag.imageWidth) ?? 0,
  height: directory.number(tag.imageLength) ?? 0,
});

function pixelsOf(directory: TiffDirectory): number {
  const { width, height } = sizeOf(directory);
  return width * height;
}

/** Drops empty values. */
export function withoutEmpty(properties: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== ''));
}

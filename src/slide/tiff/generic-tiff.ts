/**
 * A TIFF of unknown origin: the first image is level 0; smaller images of the same shape, in the main chain
 * or among the SubIFDs of the first, are its levels; all others are associated images.
 */
import { SlideError, type SlideMpp } from '../slide.ts';
import { maxXmlBytes } from '../limits.ts';
import { positive } from './aperio.ts';
import { tag } from './tags.ts';
import { TiffImage } from './tiff-image.ts';
import type { TiffDirectory, TiffFile } from './tiff-file.ts';
import type { AssociatedSource, TiffContents } from './tiff-slide.ts';

/** Largest plausible pixel size from a resolution tag, in µm; 72 dpi would be 353 µm. */
const maxMpp = 60;

/** Characters after a key in which its value is found. */
const keyDistance = 200;

/**
 * @param names names of associated images by their position in the main chain, where the dialect knows them.
 * @throws SlideError `unsupported`, `corrupt`.
 */
export async function genericContents(
  file: TiffFile,
  names: ReadonlyMap<number, string> = new Map(),
): Promise<TiffContents> {
  const first = file.directories[0]!;
  const base = await TiffImage.open(file, first);
  const description = await first.text(tag.imageDescription, maxXmlBytes);
  const levels = [base];
  const associated: AssociatedSource[] = [];
  const others: TiffDirectory[] = [...(await file.subDirectories(first)), ...file.directories.slice(1)];
  const candidates: TiffImage[] = [];
  for (const directory of others) {
    const image = await readable(file, directory);
    if (image === null) continue;
    if (isReduced(base, image)) candidates.push(image);
    else if (image.width !== base.width || image.height !== base.height) {
      const name =
        names.get(file.directories.indexOf(directory)) ??
        associatedName(await directory.textStart(tag.imageDescription), associated.length);
      const { width, height } = image;
      associated.push({ name, width, height, whole: (platform, signal) => image.whole(platform, signal) });
    }
  }
  candidates.sort((a, b) => b.width - a.width);
  for (const image of candidates) if (image.width < levels.at(-1)!.width) levels.push(image);
  const software = await first.text(tag.software);
  const scanner = [await first.text(tag.make), await first.text(tag.model)].filter(Boolean).join(' ');
  return {
    format: 'tiff',
    compression: base.scheme,
    levels,
    associated,
    mpp: descriptionMpp(description) ?? (await resolutionMpp(first)),
    magnification: positive(
      /\b(?:magnification|appmag|objective[-_ ]?power)\b"?\s*[=:>]\s*"?([\d.]+)/i.exec(description)?.[1],
    ),
    scanner: scanner === '' ? null : scanner,
    properties: withoutEmpty({
      ImageDescription: description,
      Software: software,
      DateTime: await first.text(tag.dateTime),
      Copyright: await first.text(tag.copyright),
    }),
  };
}

/** Drops empty values. */
export function withoutEmpty(properties: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== ''));
}

/** An associated image; null where it cannot be read, which does not keep the slide from opening. */
async function readable(file: TiffFile, directory: TiffDirectory): Promise<TiffImage | null> {
  try {
    return await TiffImage.open(file, directory);
  } catch (error) {
    if (error instanceof SlideError && error.code === 'unsupported') return null;
    throw error;
  }
}

/** Whether `image` is a reduced copy of `base`: the same shape except for rounding. */
function isReduced(base: TiffImage, image: TiffImage): boolean {
  if (image.width >= base.width || image.height >= base.height) return false;
  const scale = base.width / image.width;
  // A side may be rounded up or down at each halving: up to two pixels in the end.
  return (
    Math.abs(base.height / scale - image.height) <= 2 ||
    Math.abs(base.width / (base.height / image.height) - image.width) <= 2
  );
}

/** From a key `mpp` (or libvips' `openslide.mpp-x`) of the description, per axis where both are present. */
export function descriptionMpp(description: string): SlideMpp | null {
  const value = (key: string): number | null => {
    for (const { 0: word, index } of description.matchAll(new RegExp(`\\b${key}\\b"?`, 'gi'))) {
      // A short piece, so that no pattern runs through a whole damaged description from every key.
      const rest = description.slice(index + word.length, index + word.length + keyDistance);
      const text = /^(?:<\/name>\s*<value[^>]*>|\s*[=:>]\s*(?:"\s*)?)\s?([0-9.eE+-]+)/.exec(rest)?.[1];
      if (text !== undefined) return positive(text);
    }
    return null;
  };
  const both = value('mpp');
  const x = value('mpp[-_ ]?x') ?? both;
  const y = value('mpp[-_ ]?y') ?? x;
  return x === null || y === null ? null : { x, y, source: 'ImageDescription mpp' };
}

/**
 * From XResolution and YResolution. Resolutions too coarse for a microscope (screen and print defaults) are
 * ignored.
 */
export function resolutionMpp(directory: TiffDirectory): Promise<SlideMpp | null> {
  const unit = directory.number(tag.resolutionUnit) ?? 2;
  const umPerUnit = unit === 3 ? 10_000 : unit === 2 ? 25_400 : NaN;
  const x = umPerUnit / (directory.number(tag.xResolution) ?? NaN);
  const y = umPerUnit / (directory.number(tag.yResolution) ?? NaN);
  const believable = (mpp: number): boolean => mpp > 0.01 && mpp < maxMpp;
  return Promise.resolve(
    believable(x) && believable(y) ? { x: round(x), y: round(y), source: 'TIFF resolution' } : null,
  );
}

/** Seven significant digits: a 32-bit rational holds no more, and 0.25 stays 0.25. */
const round = (value: number): number => Number(value.toPrecision(7));

function associatedName(description: string, count: number): string {
  const known = /\b(label|macro|thumbnail|overview)\b/i.exec(description)?.[1];
  return known?.toLowerCase() ?? `image ${count + 1}`;
}

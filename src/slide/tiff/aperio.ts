/**
 * Aperio SVS (Leica): a TIFF whose first image is level 0 and whose second is the thumbnail, followed by the
 * other levels (tiled), then label and macro. ImageDescription holds the metadata, as `header;…|key =
 * value|key = value`.
 */
import { SlideError, type SlideMpp } from '../slide.ts';
import { compression, tag } from './tags.ts';
import { TiffImage } from './tiff-image.ts';
import type { TiffFile } from './tiff-file.ts';
import type { AssociatedSource, TiffContents, TileGrid } from './tiff-slide.ts';

/** Whether the first image's description is Aperio's. */
export async function isAperio(file: TiffFile): Promise<boolean> {
  return (await file.directories[0]!.textStart(tag.imageDescription)).startsWith('Aperio');
}

/** @throws SlideError `unsupported`, `corrupt`. */
export async function aperioContents(file: TiffFile): Promise<TiffContents> {
  const description = await file.directories[0]!.text(tag.imageDescription);
  const properties = aperioProperties(description);
  const levels: TileGrid[] = [];
  const associated: AssociatedSource[] = [];
  for (const [index, directory] of file.directories.entries()) {
    const name = associatedName(await directory.textStart(tag.imageDescription), index);
    if (index === 0 || directory.has(tag.tileWidth)) {
      const image = await TiffImage.open(file, directory);
      const previous = levels.at(-1);
      if (previous === undefined || image.width < previous.width) levels.push(image);
      continue;
    }
    // An unreadable associated image does not keep the slide from opening.
    const image = await TiffImage.open(file, directory).catch((error: unknown) => {
      if (error instanceof SlideError && error.code === 'unsupported') return null;
      throw error;
    });
    if (image === null) continue;
    if (!associated.some((one) => one.name === name)) {
      const { width, height } = image;
      associated.push({ name, width, height, whole: (p, signal) => image.whole(p, signal) });
    }
  }
  return {
    format: 'aperio-svs',
    compression: file.directories[0]!.number(tag.compression) ?? compression.none,
    levels,
    associated,
    mpp: aperioMpp(properties),
    magnification: positive(properties.AppMag),
    scanner: properties['ScanScope ID'] === undefined ? null : `Aperio ${properties['ScanScope ID']}`,
    properties: { ...properties, ImageDescription: description },
  };
}

/** Key-value pairs of an Aperio description. The last value of a repeated key counts. */
export function aperioProperties(description: string): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const part of description.split('|').slice(1)) {
    const equals = part.indexOf('=');
    if (equals > 0) properties[part.slice(0, equals).trim()] = part.slice(equals + 1).trim();
  }
  return properties;
}

function aperioMpp(properties: Readonly<Record<string, string>>): SlideMpp | null {
  const mpp = positive(properties.MPP);
  return mpp === null ? null : { x: mpp, y: mpp, source: 'Aperio MPP' };
}

function associatedName(description: string, index: number): string {
  // The second line begins with the image's kind, except for the thumbnail's ("2220x2967 -> 574x768"). Each character is
  // looked at once: no pattern may try the same blanks again from every line.
  const kind = description
    .split('\n')
    .slice(1)
    .map((line) => /^(label|macro)\b/i.exec(line.trimStart())?.[1])
    .find((word) => word !== undefined);
  if (kind !== undefined) return kind.toLowerCase();
  return index === 1 ? 'thumbnail' : `image ${index}`;
}

/** A positive number; null otherwise. */
export function positive(text: string | undefined): number | null {
  const value = Number.parseFloat(text ?? '');
  return Number.isFinite(value) && value > 0 ? value : null;
}

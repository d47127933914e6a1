/** What attributes of an instance mean, whether they come from a file or a DICOMweb server. */
import { isBelievableMpp } from '../../base/resolution.ts';

/** The third value of Image Type (PS3.3 C.8.12.4.1.1). `other` is a word that the standard does not have. */
export type ImageKind = 'volume' | 'label' | 'overview' | 'thumbnail' | 'localizer' | 'other';

/**
 * @param flavour the third value; empty where Image Type has fewer.
 * @param tiles of the image. Some writers mark the slide's smallest level as a thumbnail: one of many frames is a level, one
 * of a single frame an associated image.
 */
export function imageKind(flavour: string, tiles: number): ImageKind {
  switch (flavour.toUpperCase()) {
    case '':
    case 'VOLUME':
      return 'volume';
    case 'LABEL':
      return 'label';
    case 'OVERVIEW':
      return 'overview';
    case 'LOCALIZER':
    case 'REGIONLOCALIZER':
      return 'localizer';
    case 'THUMBNAIL':
      return tiles === 1 ? 'thumbnail' : 'volume';
    default:
      return 'other';
  }
}

/** µm per pixel of an instance, and where they come from. */
export interface DicomPixelSize {
  readonly x: number;
  readonly y: number;
  readonly source: string;
}

/**
 * From Pixel Spacing in mm, shared or of the first frame, else the size of the imaged volume in mm divided by pixels. Values
 * that can't be are passed over.
 */
export function pixelSize(
  spacing: { readonly x: number | null; readonly y: number | null } | null,
  volume: { readonly width: number | null; readonly height: number | null },
  pixels: { readonly width: number; readonly height: number },
): DicomPixelSize | null {
  const candidates = [
    { x: spacing?.x ?? NaN, y: spacing?.y ?? NaN, source: 'DICOM PixelSpacing' },
    {
      x: (volume.width ?? NaN) / pixels.width,
      y: (volume.height ?? NaN) / pixels.height,
      source: 'DICOM ImagedVolume',
    },
  ];
  for (const { x, y, source } of candidates) {
    const size = { x: um(x), y: um(y), source };
    if (isBelievableMpp(size.x) && isBelievableMpp(size.y)) return size;
  }
  return null;
}

/** Millimetres in µm, to ten digits: 0.000499 mm is 0.499 µm. */
const um = (mm: number): number => Number((mm * 1000).toPrecision(10));

/** Values shown as black and as white, by Window Center and Width (PS3.3, C.11.2.1.2.1); null without them. */
export function windowEnds(centre: number | null, width: number | null): readonly [number, number] | null {
  if (centre === null || width === null || !(width >= 1)) return null;
  return [centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2];
}

/** The figures of a segmented slide, as the table and the gallery show them, and its small preview. */
import { basename, join } from 'node:path';
import sharp from 'sharp';
import type { SlideFigures } from '../../cohort/outcome.ts';
import type { SlideRequest } from '../../cohort/request.ts';
import type { Slide } from '../../slide/slide.ts';
import type { SegmentResult } from '../segment-result.ts';

/** Longest sides of the gallery's small preview, pixels: sharp on a screen of two pixels a point. */
const thumbnailPx = { width: 640, height: 480 };

/** Writes the small preview into `folder`, the slide's; maps lie in its folder `maps`. */
export async function slideFigures(
  slide: Slide,
  { settings }: SlideRequest,
  result: SegmentResult,
  folder: string,
): Promise<SlideFigures> {
  const { width, height, mpp } = slide.metadata;
  const preview = result.files.find((file) => file.endsWith('.preview.png')) ?? '';
  const thumbnail = 'thumbnail.webp';
  const small = await sharp(join(folder, 'maps', basename(preview)))
    .resize({ ...thumbnailPx, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 82 })
    .toFile(join(folder, thumbnail));
  return {
    backend: result.backend,
    slices: result.slices,
    broken: result.broken,
    seconds: result.seconds,
    segmentedMm2: result.segmentedMm2,
    tissueMm2: result.tissueMm2,
    areas: result.areas.map(({ pixels: _pixels, ...area }) => area),
    confidence: result.confidence,
    width,
    height,
    mpp: mpp?.x ?? settings.mpp ?? Number.NaN,
    mppGiven: mpp === null,
    files: result.files.map((file) => `maps/${basename(file)}`),
    thumbnail: { file: thumbnail, width: small.width, height: small.height },
  };
}

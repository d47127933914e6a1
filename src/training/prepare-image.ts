/** An item of a dataset as training holds it: read whole, at the slice's resolution, through the app's own reader. */
import { nodePlatform } from '../slide/node-platform.node.ts';
import { readRegion } from '../slide/region.ts';
import type { Slide, SlideMpp } from '../slide/slide.ts';
import { DatasetError, type DatasetItem } from './datasets/dataset.ts';
import { UNCOUNTED, type LabelledImage } from './labelled-image.ts';

/** Rows of the result that are read at once: bounds the memory of a read. */
const STRIP = 512;

/** @throws SlideError, AnnotationError, DatasetError; the latter when nobody says the image's µm per pixel. */
export async function prepareImage(item: DatasetItem, umPerPx: number): Promise<LabelledImage> {
  const slide = await item.open();
  try {
    const mpp = knownMpp(slide, item);
    const width = Math.floor((slide.metadata.width * mpp.x) / umPerPx);
    const height = Math.floor((slide.metadata.height * mpp.y) / umPerPx);
    const rgb = await readRgb(slide, mpp, umPerPx, width, height);
    const area = { x: 0, y: 0, width: (width * umPerPx) / mpp.x, height: (height * umPerPx) / mpp.y };
    const classes = (await item.truth())(area, width, height);
    const counted = (await item.counted?.())?.(area, width, height);
    counted?.forEach((counts, i) => {
      if (counts === 0) classes[i] = UNCOUNTED;
    });
    return { name: item.name, width, height, umPerPx, weight: item.weight, rgb, classes };
  } finally {
    slide.close();
  }
}

async function readRgb(
  slide: Slide,
  mpp: SlideMpp,
  umPerPx: number,
  width: number,
  height: number,
): Promise<Uint8Array> {
  const { decoder } = nodePlatform();
  const rgb = new Uint8Array(width * height * 3);
  for (let top = 0; top < height; top += STRIP) {
    const rows = Math.min(STRIP, height - top);
    const rect = {
      x: 0,
      y: (top * umPerPx) / mpp.y,
      width: (width * umPerPx) / mpp.x,
      height: (rows * umPerPx) / mpp.y,
    };
    const { data } = await readRegion(slide, rect, width, rows, { decoder });
    for (let i = 0, to = top * width * 3; i < data.length; i += 4, to += 3) {
      rgb[to] = data[i]!;
      rgb[to + 1] = data[i + 1]!;
      rgb[to + 2] = data[i + 2]!;
    }
  }
  return rgb;
}

/** µm per level-0 pixel of an item. @throws DatasetError when nobody says it. */
export function knownMpp({ metadata }: Slide, item: DatasetItem): SlideMpp {
  if (item.mpp !== null) return { x: item.mpp, y: item.mpp, source: 'dataset' };
  if (metadata.mpp !== null) return metadata.mpp;
  throw new DatasetError(
    item.image,
    'The image does not say its µm per pixel.',
    'Say it in the configuration ("data": { "mpp": … }) or with --mpp.',
  );
}

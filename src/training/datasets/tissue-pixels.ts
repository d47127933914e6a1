/** Where an image has tissue, as the app finds it. */
import { readTissue } from '../../segment/tissue.ts';
import { slideReader } from '../../segment/slice-reader.ts';
import { nodePlatform } from '../../slide/node-platform.node.ts';
import type { ClassesIn, DatasetItem } from './dataset.ts';

/** The mask is made as for slices of this many level-0 pixels. */
const CELL_PX = 1000;

/**
 * 1 where there is tissue, 0 on glass and outside of the image. Everything on the image is tissue where it has no level
 * small enough to look at.
 * @throws SlideError when the image can't be read.
 */
export async function tissueIn(item: Pick<DatasetItem, 'open'>): Promise<ClassesIn> {
  const slide = await item.open();
  try {
    const { metadata } = slide;
    const reader = slideReader(slide, nodePlatform());
    const mask = await readTissue(reader, metadata, CELL_PX, new AbortController().signal);
    return (rect, outWidth, outHeight) => {
      const out = new Uint8Array(outWidth * outHeight);
      for (let row = 0; row < outHeight; row++) {
        const y = rect.y + ((row + 0.5) * rect.height) / outHeight;
        if (y < 0 || y >= metadata.height) continue;
        for (let column = 0; column < outWidth; column++) {
          const x = rect.x + ((column + 0.5) * rect.width) / outWidth;
          if (x < 0 || x >= metadata.width) continue;
          out[row * outWidth + column] =
            mask === null
              ? 1
              : (mask.tissue[Math.floor(y / mask.scaleY) * mask.width + Math.floor(x / mask.scaleX)] ?? 0);
        }
      }
      return out;
    };
  } finally {
    slide.close();
  }
}

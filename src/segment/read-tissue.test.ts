import { expect, it } from 'vitest';
import type { SlideMetadata } from '../slide/slide.ts';
import { SlideError } from '../slide/slide.ts';
import type { SliceReader } from './slice-reader.ts';
import { readTissue, tissueShare } from './tissue.ts';

const side = 1000;
const metadata = {
  width: side,
  height: side,
  levels: [{ width: side, height: side, downsample: 1 }],
} as unknown as SlideMetadata;

const broken = { x: 600, y: 100, width: 128, height: 128 };

/** Stain in the left third, glass elsewhere; with `code`, reading `broken` fails. */
function reader(code: 'broken-tile' | 'network' | null): SliceReader {
  return {
    read: async (rect, sizePx) => {
      const meets =
        rect.x < broken.x + broken.width &&
        rect.x + rect.width > broken.x &&
        rect.y < broken.y + broken.height &&
        rect.y + rect.height > broken.y;
      if (code !== null && meets) throw new SlideError(code, 'a.tif', 'It fails.', 'Copy it again.');
      const data = new Uint8ClampedArray(4 * sizePx * sizePx);
      for (let at = 0; at < sizePx * sizePx; at++) {
        const x = rect.x + (((at % sizePx) + 0.5) * rect.width) / sizePx;
        data.set(x < side / 3 ? [200, 120, 180, 255] : [243, 241, 244, 255], 4 * at);
      }
      return { width: sizePx, height: sizePx, data };
    },
  };
}

const signal = new AbortController().signal;

it('counts what can not be read as tissue, and tells the rest apart as if nothing were broken', async () => {
  const whole = (await readTissue(reader(null), metadata, 100, signal))!;
  const mask = (await readTissue(reader('broken-tile'), metadata, 100, signal))!;
  expect(tissueShare(whole, broken)).toBe(0);
  expect(tissueShare(mask, broken)).toBe(1);
  const differing = mask.tissue.filter((value, at) => value !== whole.tissue[at]).length;
  // Four parts of sixty-four meet it.
  expect(differing).toBeGreaterThan(0);
  expect(differing / mask.tissue.length).toBeLessThan(4.5 / 64);
});

it('gives up where the slide as a whole can not be read', async () => {
  await expect(readTissue(reader('network'), metadata, 100, signal)).rejects.toThrow('It fails.');
});

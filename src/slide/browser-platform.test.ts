import sharp from 'sharp';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { browserPlatform, tileBitmap } from './browser-platform.ts';
import { TileCache } from './tile-cache.ts';
import type { Slide } from './slide.ts';

const png = async (): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(
    await sharp({ create: { width: 4, height: 4, channels: 3, background: '#c080a0' } })
      .png()
      .toBuffer(),
  );

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('notices a decoder of the browser that never answers, and closes what comes too late', async () => {
  const bytes = await png();
  const close = vi.fn();
  const answers: ((bitmap: unknown) => void)[] = [];
  vi.stubGlobal('createImageBitmap', () => new Promise((resolve) => answers.push(resolve)));
  const decoding = browserPlatform().decoder.decode(bytes, 'image/png', undefined);
  const drawing = tileBitmap({ kind: 'encoded', bytes, type: 'image/png' });
  const results = Promise.allSettled([decoding, drawing]);
  await vi.advanceTimersByTimeAsync(61_000);
  for (const result of await results) {
    expect(result).toMatchObject({
      status: 'rejected',
      reason: { message: "The browser's decoder gave no answer for 60 seconds." },
    });
  }
  for (const answer of answers) answer({ close });
  await vi.advanceTimersByTimeAsync(0);
  expect(close).toHaveBeenCalledTimes(2);
});

it('says so of the tile', async () => {
  const bytes = await png();
  vi.stubGlobal('createImageBitmap', () => new Promise(() => undefined));
  const slide = {
    metadata: { name: 'a.svs' },
    tile: () => Promise.resolve({ kind: 'encoded', bytes, type: 'image/png' }),
  } as unknown as Slide;
  const tile = new TileCache(1e6).tile(slide, 0, 1, 2, browserPlatform().decoder);
  const caught = expect(tile).rejects.toMatchObject({
    code: 'broken-tile',
    problem:
      "Part of the slide (level 0, tile 1, 2) cannot be shown. The browser's decoder gave no answer for 60 seconds.",
  });
  await vi.advanceTimersByTimeAsync(61_000);
  await caught;
});

import { expect, it } from 'vitest';
import { slideReader } from '../segment/slice-reader.ts';
import type { Slide, SlidePlatform } from '../slide/slide.ts';
import type { ChosenFile } from './protocol.ts';
import { keepOpen } from './open-slides.ts';

const platform = { decoder: { decode: () => Promise.reject(new Error()) } } as unknown as SlidePlatform;

function fake(name: string) {
  const counts = { opened: 0, closed: 0, tiles: 0 };
  const open = (): Promise<Slide> => {
    counts.opened++;
    return Promise.resolve({
      metadata: {
        name,
        width: 64,
        height: 64,
        levels: [{ width: 64, height: 64, downsample: 1, tileWidth: 32, tileHeight: 32 }],
      },
      tile: () => {
        counts.tiles++;
        const image = { width: 32, height: 32, data: new Uint8ClampedArray(32 * 32 * 4) };
        return Promise.resolve({ kind: 'pixels', image });
      },
      close: () => counts.closed++,
    } as unknown as Slide);
  };
  return { counts, open };
}

const a = { kind: 'url', url: 'https://a.test/a.svs' } as const;
const b = { kind: 'url', url: 'https://a.test/b.svs' } as const;
const never = new AbortController().signal;

it('decodes a tile once for two models, in sequence or in parallel', async () => {
  const { counts, open } = fake('a');
  const openShared = keepOpen(open);
  const whole = { x: 0, y: 0, width: 64, height: 64 };
  const first = await openShared(a);
  await slideReader(first, platform).read(whole, 16, never);
  expect(counts.tiles).toBe(4);
  first.close();
  const [second, third] = await Promise.all([openShared(a), openShared({ ...a })]);
  await slideReader(second, platform).read(whole, 16, never);
  await slideReader(third, platform).read({ ...whole, width: 32, height: 32 }, 8, never);
  expect(counts).toEqual({ opened: 1, closed: 0, tiles: 4 });
});

it('closes an unused slide when another is opened', async () => {
  const slides = [fake('a'), fake('b')];
  const openShared = keepOpen((input) => (input === a ? slides[0]! : slides[1]!).open());
  const first = await openShared(a);
  const second = await openShared(a);
  first.close();
  await openShared(b);
  expect(slides[0]!.counts.closed).toBe(0);
  second.close();
  await Promise.resolve();
  await Promise.resolve();
  expect(slides[0]!.counts.closed).toBe(1);
  expect(slides[1]!.counts.closed).toBe(0);
});

it('opens a slide again after a failure, and recognises a file by name, size and date', async () => {
  let calls = 0;
  const { open } = fake('a');
  const openShared = keepOpen(() => (calls++ === 0 ? Promise.reject(new Error('gone')) : open()));
  await expect(openShared(a)).rejects.toThrow('gone');
  expect((await openShared(a)).metadata.name).toBe('a');
  const file = (name: string): ChosenFile => ({
    file: new File([], name, { lastModified: 1 }),
    path: name,
  });
  const one = await openShared({ kind: 'file', files: [file('x')] });
  expect(await openShared({ kind: 'file', files: [file('x')] })).toBe(one);
  expect(await openShared({ kind: 'file', files: [file('y')] })).not.toBe(one);
});

import { expect, test } from 'vitest';
import { compositeOf, type GreyChannel } from './channel-composite.ts';
import { nodePlatform } from './node-platform.node.ts';

const platform = nodePlatform();

/** A channel of one pixel, which is read after some milliseconds. */
const channel = (colour: [number, number, number], value: number, delayMs: number): GreyChannel => ({
  colour,
  range: [0, 256],
  levels: [
    {
      scale: { width: 1, height: 1, downsample: 1 },
      image: {
        ...{ width: 1, height: 1, tileWidth: 1, tileHeight: 1, columns: 1, rows: 1, bits: 16 },
        values: () => new Promise((resolve) => setTimeout(() => resolve(Uint16Array.of(value)), delayMs)),
      },
    },
  ],
});

const red = async (channels: readonly GreyChannel[]): Promise<number | undefined> => {
  const tile = await compositeOf(channels, 'a')[0]!.tile(0, 0, platform);
  return tile.kind === 'pixels' ? tile.image.data[0] : undefined;
};

test('the same picture in whatever order channels are read', async () => {
  // Half of 255 is rounded to 128 alone, and to 128 after a 1.
  for (const delays of [
    [0, 20],
    [20, 0],
  ]) {
    const channels = [channel([255, 0, 0], 128, delays[0]!), channel([2, 0, 0], 128, delays[1]!)];
    expect(await red(channels)).toBe(129);
  }
});

test('a channel that is alone is grey where its format says so', async () => {
  const alone = { ...channel([0, 0, 0], 128, 0), colour: null, grey: true };
  const tile = await compositeOf([alone], 'a')[0]!.tile(0, 0, platform);
  expect(tile.kind === 'pixels' && [...tile.image.data]).toEqual([128, 128, 128, 255]);
});

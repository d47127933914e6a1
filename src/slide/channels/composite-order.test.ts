import { expect, test } from 'vitest';
import { nodePlatform } from '../node-platform.node.ts';
import { defaultChannelView } from './channel-view.ts';
import { compositeOf } from './composite.ts';
import type { GreyChannel } from './grey-channel.ts';

const platform = nodePlatform();

/** A channel of one pixel, which is read after some milliseconds. */
const channel = (colour: [number, number, number], value: number, delayMs: number): GreyChannel => ({
  name: '',
  colour,
  window: [0, 256],
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

const pixelOf = async (channels: readonly GreyChannel[]): Promise<number[]> => {
  const picture = compositeOf(channels, 'a');
  const tile = await picture.levels(defaultChannelView(picture.channels))[0]!.tile(0, 0, platform);
  return tile.kind === 'pixels' ? [...tile.image.data] : [];
};

test('the same picture in whatever order channels are read', async () => {
  // Half of 255 is rounded to 128 alone, and to 128 after a 1.
  for (const delays of [
    [0, 20],
    [20, 0],
  ]) {
    const channels = [channel([255, 0, 0], 128, delays[0]!), channel([2, 0, 0], 128, delays[1]!)];
    expect((await pixelOf(channels))[0]).toBe(129);
  }
});

test('a channel that is alone is grey where its format says so', async () => {
  const alone = { ...channel([0, 0, 0], 128, 0), colour: null, grey: true };
  expect(await pixelOf([alone])).toEqual([128, 128, 128, 255]);
});

/** Channels of six at 16 bits: windows and pictures against numpy (scripts/golden/channels.py), views as text. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { pathByteSource } from '../path-byte-source.node.ts';
import { readRegion } from '../region.ts';
import type { Slide } from '../slide.ts';
import { pixel } from '../testing/images.ts';
import { measureOf } from './channel-measure.ts';
import { channelViewText, parseChannelView } from './channel-view-text.ts';
import { defaultChannelView, maxShownChannels, type SlideChannel } from './channel-view.ts';
import { compositeOf } from './composite.ts';
import type { GreyChannel, GreyValues } from './grey-channel.ts';

const folder = join(import.meta.dirname, '../golden/channels');

interface Golden {
  readonly windows: readonly (readonly [number, number])[];
  readonly least: readonly number[];
  readonly most: readonly number[];
  readonly histogram: readonly (readonly number[])[];
  /** x, y, red, green, blue. */
  readonly default: readonly (readonly [number, number, number, number, number])[];
  readonly chosen: { readonly text: string; readonly pixels: Golden['default'] };
}

const golden = JSON.parse(readFileSync(join(folder, 'channels.json'), 'utf8')) as Golden;
const platform = nodePlatform();
let slide: Slide;

beforeAll(async () => {
  slide = await openSlide([await pathByteSource(join(folder, 'six-channels.ome.tif'))], platform);
});
afterAll(() => slide.close());

async function colours(shown: Slide): Promise<(x: number, y: number) => number[]> {
  const { width, height } = shown.metadata;
  const rect = { x: 0, y: 0, width, height };
  const image = await readRegion(shown, rect, width, height, { decoder: platform.decoder, level: 0 });
  return (x, y) => pixel(image, x, y).slice(0, 3);
}

describe('a slide of six channels', () => {
  it('lists them all, with four on, and says so', () => {
    const { channels, notes, levels } = slide.metadata;
    expect(channels).toHaveLength(6);
    expect(channels![4]).toEqual({ name: 'Ki67', colour: [255, 0, 255], on: false, bits: 16, window: null });
    expect(channels!.filter(({ on }) => on)).toHaveLength(4);
    expect(notes).toEqual(['4 of its 6 channels are shown unless others are chosen.']);
    expect(levels.map(({ width }) => width)).toEqual([96, 48]);
  });

  it('is measured as numpy measures it', async () => {
    for (const [i, window] of golden.windows.entries()) {
      expect(await slide.channels!.measure(i), `channel ${i}`).toEqual({
        window,
        least: golden.least[i],
        most: golden.most[i],
        histogram: golden.histogram[i],
      });
    }
    expect(() => slide.channels!.measure(6)).toThrow(RangeError);
  });

  it('looks as numpy adds it up: the default view, and another of the same slide', async () => {
    const { text, pixels } = golden.chosen;
    const parsed = parseChannelView(text, slide.metadata.channels!);
    if (parsed.kind === 'wrong') throw new Error(parsed.problem);
    const other = await colours(slide.channels!.shownAs(parsed.view));
    for (const [x, y, ...rgb] of pixels) expect(other(x, y), `${x}, ${y}`).toEqual(rgb);
    const own = await colours(slide);
    for (const [x, y, ...rgb] of golden.default) expect(own(x, y), `${x}, ${y}`).toEqual(rgb);
  });

  it('is black with all channels off', async () => {
    const parsed = parseChannelView('none', slide.metadata.channels!);
    const at = await colours(slide.channels!.shownAs(parsed.kind === 'view' ? parsed.view : []));
    expect(at(8, 8)).toEqual([0, 0, 0]);
  });
});

describe('a composite', () => {
  /** Channels of one tile of 2 × 1. */
  const grey = (values: GreyValues | null, change: Partial<GreyChannel> = {}): GreyChannel => ({
    name: '',
    colour: null,
    levels: [
      {
        scale: { width: 2, height: 1, downsample: 1 },
        image: {
          ...{ width: 2, height: 1, tileWidth: 2, tileHeight: 1, columns: 1, rows: 1 },
          bits: values instanceof Uint8Array ? 8 : 16,
          values: () => Promise.resolve(values),
        },
      },
    ],
    ...change,
  });
  const shown = async (...channels: GreyChannel[]): Promise<number[]> => {
    const picture = compositeOf(channels, 'cells.tif');
    const [level] = picture.levels(defaultChannelView(picture.channels));
    const payload = await level!.tile(0, 0, platform);
    return payload.kind === 'pixels' ? [...payload.image.data] : [];
  };

  it('stretches over the file’s window, adds up, clips, and leaves missing tiles dark', async () => {
    const red = grey(Uint16Array.of(100, 150), { colour: [200, 0, 0], window: [100, 200] });
    const orange = grey(Uint16Array.of(9000, 0), { colour: [255, 120, 0], window: [0, 1000] });
    // Half of 200; 0 + 255 and 100 + 0.
    expect(await shown(red, orange)).toEqual([255, 120, 0, 255, 100, 0, 0, 255]);
    expect(await shown(red, grey(null))).toEqual([0, 0, 0, 255, 100, 0, 0, 255]);
  });

  it('has on what the file has on, and grey in white where that is its picture', () => {
    const picture = compositeOf(
      [grey(null), grey(null, { on: true }), grey(null, { on: false })],
      'cells.tif',
    );
    expect(picture.channels.map(({ on }) => on)).toEqual([false, true, false]);
    const all = compositeOf([grey(null, { grey: true, window: [9, 9] })], 'cells.tif');
    expect(all.channels[0]).toMatchObject({ on: true, colour: [255, 255, 255], window: null });
  });

  it('does not stretch red, green and blue of 8 bits', async () => {
    const axes = [0, 1, 2].map((axis) => [0, 1, 2].map((i) => (i === axis ? 255 : 0)));
    const planes = axes.map(([r = 0, g = 0, b = 0], i) =>
      grey(Uint8Array.of(10 + i, 200 + i), { colour: [r, g, b] }),
    );
    expect(await shown(...planes)).toEqual([10, 11, 12, 255, 200, 201, 202, 255]);
  });

  it('refuses channels of different sizes', () => {
    const [other] = grey(null).levels;
    const wide = { ...other!, image: { ...other!.image, width: 3 } };
    expect(() => compositeOf([grey(null), grey(null, { levels: [wide] })], 'cells.tif')).toThrow(
      /differ in size/,
    );
  });

  it('measures nothing of a channel that can’t be read', () => {
    expect(measureOf(new Uint32Array(256))).toMatchObject({ window: [0, 255], least: 0, most: 255 });
    // All pixels alike: black.
    expect(measureOf(Uint32Array.of(0, 0, 9, 0))).toMatchObject({ window: [2, 3], least: 2, most: 2 });
  });
});

describe('a view as text', () => {
  const channel = { name: '', colour: [0, 0, 255], on: true, bits: 16, window: null } as const;
  const channels: readonly SlideChannel[] = [channel, channel, { ...channel, on: false, bits: 8 }];
  const textOf = (text: string): string | null => {
    const parsed = parseChannelView(text, channels);
    return parsed.kind === 'view' ? channelViewText(parsed.view, channels) : parsed.problem;
  };

  it.each(['1', '3', '1:ff0000,3', '2:200-4000', '1,2:00ff00:0-65535,-3:0000aa:3-9', 'none'])(
    'comes back as it was: %s',
    (text) => expect(textOf(text)).toBe(text),
  );

  it('is nothing for the slide’s own view, and without what is the slide’s own', () => {
    expect(textOf('1,2')).toBeNull();
    expect(textOf(' 1:0000FF , 3 ')).toBe('1,3');
  });

  it.each([
    ['4', /no channel 4.*1 to 3/],
    ['0', /no channel 0/],
    ['1,1', /listed twice/],
    ['red', /"red" is no channel/],
    ['', /"" is no channel/],
    ['1:9-9', /9-9/],
    ['3:0-256', /255/],
    ['1:70000-80000', /65535/],
    ['1,'.repeat(4000), /too long/],
  ])('is refused with a reason: %s', (text, problem) => expect(textOf(text)).toMatch(problem));

  it('shows no more channels than can be shown', () => {
    const many = Array.from({ length: 12 }, () => channel);
    const text = many.map((_, i) => i + 1).join();
    expect(parseChannelView(text, many)).toMatchObject({
      kind: 'wrong',
      problem: expect.stringContaining(`At most ${maxShownChannels}`) as string,
    });
  });
});

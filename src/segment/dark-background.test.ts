import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryByteSource } from '../slide/byte-source.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { openSlide } from '../slide/open-slide.ts';
import { readRegion } from '../slide/region.ts';
import type { RgbaImage } from '../slide/slide.ts';
import { hasDarkBackground, slideHasDarkBackground } from './dark-background.ts';

const root = join(import.meta.dirname, '../..');
const platform = nodePlatform();

async function ofFile(path: string): Promise<boolean | null> {
  const file = join(root, path);
  const slide = await openSlide([memoryByteSource(readFileSync(file), file)], platform);
  return slideHasDarkBackground(slide, platform.decoder);
}

async function pictureOf(path: string): Promise<RgbaImage> {
  const slide = await openSlide([memoryByteSource(readFileSync(join(root, path)), path)], platform);
  const { width, height } = slide.metadata;
  return readRegion(slide, { x: 0, y: 0, width, height }, 128, 128, platform);
}

/** The middle of a black frame, as scanners fill what they left out: `share` of the picture. */
function framed({ data, width, height }: RgbaImage, share: number): RgbaImage {
  const margin = Math.round((width / 2) * Math.sqrt(share / (1 - share)));
  const side = width + 2 * margin;
  const all = new Uint8ClampedArray(4 * side * side);
  for (let y = 0; y < height; y++) {
    all.set(data.subarray(4 * y * width, 4 * (y + 1) * width), 4 * ((y + margin) * side + margin));
  }
  return { width: side, height: side, data: all };
}

const dapi = '../shared/data/slides/ndpi/test3-dapi.ndpi';
const dark = [dapi, 'src/slide/golden/channels/six-channels.ome.tif'];
const light = [
  'public/slides/CMU-1-Small-Region.svs',
  'public/slides/colon-mosaic.tif',
  'public/slides/phantom-1.tif',
  '../shared/data/slides/aperio-imagescope/A9K0_1.svs',
  '../shared/data/slides/aperio-imagescope/A9K0_2.svs',
  '../shared/data/slides/ome/qupath-cells.ome.tif',
  'src/slide/golden/makers/ventana.bif',
];

test.each(dark.filter((path) => existsSync(join(root, path))))('%s is dark', async (path) => {
  expect(await ofFile(path)).toBe(true);
});

test.each(light.filter((path) => existsSync(join(root, path))))(
  '%s is not, nor in a black frame',
  async (path) => {
    expect(await ofFile(path)).toBe(false);
    const picture = await pictureOf(path);
    for (const share of [0.4, 0.7, 0.95]) expect(hasDarkBackground(framed(picture, share))).toBe(false);
  },
);

/** A picture of spots that fade into the background. */
function spots(colour: readonly [number, number, number], background: number): RgbaImage {
  const side = 64;
  const data = new Uint8ClampedArray(4 * side * side);
  for (let at = 0; at < side * side; at++) {
    const x = (at % side) % 16;
    const y = Math.floor(at / side) % 16;
    const light = Math.exp(-((x - 8) ** 2 + (y - 8) ** 2) / 8);
    data.set([...colour.map((value) => background + value * light), 255], 4 * at);
  }
  return { width: side, height: side, data };
}

test('spots of light are dark in any colour, but need a dark background', () => {
  expect(hasDarkBackground(spots([30, 80, 240], 5))).toBe(true);
  expect(hasDarkBackground(spots([220, 220, 220], 15))).toBe(true);
  expect(hasDarkBackground(spots([30, 80, 240], 60))).toBe(false);
  expect(hasDarkBackground({ data: new Uint8ClampedArray(4 * 100) })).toBe(false);
});

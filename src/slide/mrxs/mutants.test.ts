/** Mutants of MRXS slides: each opens or is refused with a SlideError. 1,000 of each file on demand, see `mutantCount`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  below,
  expectSound,
  mutantCount,
  mutatedBytes,
  pick,
  type Random,
} from '../../base/testing/mutants.ts';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { readRegion } from '../region.ts';
import { SlideError } from '../slide.ts';
import { TileCache } from '../tile-cache.ts';

const platform = nodePlatform();
const golden = join(import.meta.dirname, '../golden/mrxs');

const filesOf = (name: string): ReadonlyMap<string, Uint8Array> =>
  new Map(
    readdirSync(join(golden, name)).map((file) => [
      file,
      new Uint8Array(readFileSync(join(golden, name, file))),
    ]),
  );

const slides = ['joined', 'stitched', 'plain', 'stains'].map(filesOf);

const values = [
  '',
  '0',
  '1',
  '-1',
  '3',
  '7',
  '64',
  '4096',
  '16777215',
  '99999999',
  '1e9',
  '0.5',
  'x',
  'PNG',
  'NaN',
];

/** Changes values of one or two lines, or drops a line. */
function mutatedIni(bytes: Uint8Array, random: Random): Uint8Array {
  const lines = new TextDecoder('latin1').decode(bytes).split('\n');
  for (let i = 0; i < 1 + below(random, 2); i++) {
    const at = below(random, lines.length);
    if (random() < 0.2) lines.splice(at, 1);
    else lines[at] = `${lines[at]!.split('=')[0]!.trim()} = ${pick(random, values)}`;
  }
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** Changes one or two of the numbers of an index. */
function mutatedIndex(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  for (let i = 0; i < 1 + below(random, 2); i++) {
    const at = 37 + 4 * below(random, Math.floor((copy.length - 37) / 4));
    const odd = [0, 1, view.getUint32(at, true) + 1, at, below(random, copy.length), 0x7fffffff, 0xffffffff];
    view.setUint32(at, pick(random, odd), true);
  }
  return copy;
}

const targets: [file: string, share: number, (bytes: Uint8Array, random: Random) => Uint8Array][] = [
  ['Slidedat.ini', 0.03, mutatedIni],
  ['Index.dat', 0.03, mutatedIndex],
  [
    'Data0000.dat',
    0.015,
    (bytes, random) => mutatedBytes(bytes, random, { from: 60, span: bytes.length - 60 }),
  ],
];

test.each(targets)(
  '%s',
  async (mutated, share, change) => {
    const counts = await expectSound({
      seed: mutated.length,
      count: mutantCount(share),
      make: (random) => {
        const files = pick(random, slides);
        return [...files].map(
          ([name, bytes]) => [name, name === mutated ? change(bytes, random) : bytes] as const,
        );
      },
      read: async (files) => {
        const slide = await openSlide(
          files.map(([name, bytes]) => memoryByteSource(bytes, name, `s/${name}`)),
          platform,
        );
        const { levels, width, height, associated } = slide.metadata;
        for (const level of levels) {
          const sides = [level.width, level.height, level.tileWidth, level.tileHeight];
          expect(sides.every((side) => Number.isInteger(side) && side > 0)).toBe(true);
          expect(level.downsample >= 1).toBe(true);
        }
        structuredClone(slide.metadata);
        const rect = { x: 0, y: 0, width: Math.min(width, 256), height: Math.min(height, 256) };
        const cache = new TileCache(1e6);
        for (const level of levels.keys()) {
          await readRegion(slide, rect, 32, 32, { decoder: platform.decoder, cache, level });
        }
        for (const { name } of associated) await slide.associatedImage(name);
        slide.close();
      },
      isTyped: (error) => error instanceof SlideError && error.problem !== '' && error.remedy !== '',
      describe: (files) =>
        Buffer.from(files.find(([name]) => name === mutated)![1].subarray(0, 4000)).toString('latin1'),
    });
    console.info(`${mutated}: ${JSON.stringify(counts)}`);
    expect(counts.refused).toBeGreaterThan(0);
  },
  900_000,
);

/** Mutants of OME-Zarr's descriptions and chunks: each opens or is refused with a SlideError. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import {
  expectSound,
  mutantCount,
  mutatedBytes,
  mutatedJson,
  pick,
  type Random,
} from '../../base/testing/mutants.ts';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { SlideError } from '../slide.ts';

const platform = nodePlatform();
type Files = Record<string, Uint8Array>;

const filesOf = (name: string): Files => {
  const all = unzipSync(
    new Uint8Array(readFileSync(join(import.meta.dirname, `../golden/zarr/${name}.zip`))),
  );
  return Object.fromEntries(Object.entries(all).filter(([path]) => !path.startsWith('golden/')));
};
const isDescription = (path: string): boolean => /(?:zarr\.json|\.zattrs|\.zarray|\.zgroup)$/.test(path);

/** One file in ten of a kind is another one. */
function mutated(files: Files, random: Random, ofDescriptions: boolean): Files {
  const paths = Object.keys(files).filter((path) => isDescription(path) === ofDescriptions);
  const changed = { ...files };
  for (const path of [pick(random, paths), ...paths.filter(() => random() < 0.1)]) {
    const bytes = files[path]!;
    changed[path] = ofDescriptions
      ? new TextEncoder().encode(
          JSON.stringify(mutatedJson(JSON.parse(new TextDecoder().decode(bytes)), random)) ?? '',
        )
      : mutatedBytes(bytes, random, { from: 0, span: bytes.length });
  }
  return changed;
}

test.each(
  ['rgb-ome-zarr-py', 'fluorescence', 'sharded', 'bioformats2raw'].map((name, i) => [name, i] as const),
)(
  '%s',
  async (name, i) => {
    const files = filesOf(name);
    let made = 0;
    const counts = await expectSound({
      seed: 5700 + i,
      count: mutantCount(0.04),
      make: (random) => mutated(files, random, made++ % 2 === 0),
      read: async (mutant) => {
        const sources = Object.entries(mutant).map(([path, bytes]) =>
          memoryByteSource(bytes, path.split('/').at(-1)!, `mutant.zarr/${path}`),
        );
        const slide = await openSlide(sources, platform);
        structuredClone(slide.metadata);
        for (const [level, { width, height, tileWidth, tileHeight }] of slide.metadata.levels.entries()) {
          const sides = [width, height, tileWidth, tileHeight];
          expect(sides.every((side) => Number.isInteger(side) && side > 0)).toBe(true);
          await slide.tile(level, 0, 0);
        }
        slide.close();
      },
      isTyped: (error) => error instanceof SlideError && error.file === 'mutant.zarr' && error.remedy !== '',
      describe: (mutant) => JSON.stringify(Object.keys(mutant)).slice(0, 2000),
    });
    console.info(`${name}: ${JSON.stringify(counts)}`);
    expect(counts.refused).toBeGreaterThan(0);
  },
  900_000,
);

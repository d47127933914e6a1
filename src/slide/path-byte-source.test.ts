import {
  appendFile,
  copyFile,
  mkdtemp,
  open,
  rename,
  rm,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodePlatform } from './node-platform.node.ts';
import { openSlide } from './open-slide.ts';
import { pathByteSource } from './path-byte-source.node.ts';
import { readRegion } from './region.ts';
import { TileCache } from './tile-cache.ts';

const original = join(import.meta.dirname, '../../public/slides/CMU-1-Small-Region.svs');
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'dualscope-changes-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Bytes: more than are read as a whole when a slide is opened. What follows the TIFF does not matter. */
const LONG = 60_000_000;

/** Times of files have steps of a few milliseconds. */
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

/** What may happen to a file that is being read. */
const changes: Readonly<Record<string, (path: string) => Promise<void>>> = {
  truncated: (path) => truncate(path, 700_000),
  'written to at the same size': async (path) => {
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(4096, 7), 0, 4096, 900_000);
    await file.close();
  },
  'grown at its end': (path) => appendFile(path, 'more'),
  'replaced by another of the same size': async (path) => {
    await writeFile(`${path}.new`, Buffer.alloc(1_938_955, 3));
    await rename(`${path}.new`, path);
  },
  deleted: unlink,
  moved: (path) => rename(path, `${path}.moved`),
};

for (const [name, change] of Object.entries(changes)) {
  it(`a file that is ${name} while it is read fails with a sentence, at once and for good`, async () => {
    const path = join(folder, `${name.replaceAll(' ', '-')}.svs`);
    await copyFile(original, path);
    await tick();
    const source = await pathByteSource(path);
    const before = await source.read(500_000, 1000);
    expect(before).toHaveLength(1000);
    await change(path);
    for (const offset of [0, 500_000, 900_000, 1_500_000]) {
      await expect(source.read(offset, 1000)).rejects.toMatchObject({
        code: 'changed',
        file: path.split('/').at(-1),
        problem: expect.stringMatching(/^The file was (moved or deleted|changed or replaced)/) as string,
      });
    }
    await source.close();
  });

  it(`a slide that is ${name} gives its old pixels or none`, async () => {
    const path = join(folder, `slide-${name.replaceAll(' ', '-')}.svs`);
    await copyFile(original, path);
    await truncate(path, LONG);
    await tick();
    const platform = nodePlatform();
    const [slide, whole] = await Promise.all([
      openSlide([await pathByteSource(path)], platform),
      openSlide([await pathByteSource(original)], platform),
    ]);
    let failed = 0;
    for (let i = 0; i < 12; i++) {
      if (i === 3) await change(path);
      const rect = { x: 160 * i, y: 220 * i, width: 300, height: 300 };
      const read = (of: typeof slide): Promise<{ data: Uint8ClampedArray }> =>
        readRegion(of, rect, 60, 60, { decoder: platform.decoder, cache: new TileCache(0) });
      const expected = await read(whole);
      // The cache of blocks may hold a part from before.
      await read(slide).then(
        ({ data }) => expect(data).toEqual(expected.data),
        (error: unknown) => {
          failed++;
          expect(error).toMatchObject({ code: 'changed' });
        },
      );
    }
    expect(failed).toBeGreaterThan(3);
    slide.close();
    whole.close();
  });
}

it('a file whose time of access changes stays readable', async () => {
  const path = join(folder, 'quiet.svs');
  await copyFile(original, path);
  // A time of writing in whole milliseconds, which is all that utimes can keep.
  const written = new Date(1.7e12);
  await utimes(path, written, written);
  const source = await pathByteSource(path);
  await utimes(path, new Date(), written);
  expect(await source.read(0, 100)).toHaveLength(100);
  await source.close();
});

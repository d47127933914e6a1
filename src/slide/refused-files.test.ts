import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nodePlatform } from './node-platform.node.ts';
import { openSlide } from './open-slide.ts';
import { pathByteSource, pathByteSources } from './path-byte-source.node.ts';
import { buildDicom, wsiElements } from './testing/dicom-builder.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualscope-refused-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

/** Files of the folder that this process holds open (Linux). */
const held = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(folder) ? [target] : [];
    } catch {
      return [];
    }
  });

test.skipIf(process.platform !== 'linux')(
  'files that are refused, or do not belong, are closed',
  async () => {
    const text = file('a.txt', 'no slide');
    const broken = file('b.tif', Uint8Array.of(0x49, 0x49, 42, 0, 8, 0, 0, 0));
    const slidePath = file('c.dcm', buildDicom(wsiElements(1, 1)));
    for (const paths of [[text], [broken], [text, broken]]) {
      await expect(openSlide(await pathByteSources(paths), nodePlatform())).rejects.toThrow();
      expect(held()).toEqual([]);
    }
    await expect(pathByteSources([text, join(folder, 'none.tif')])).rejects.toMatchObject({
      code: 'not-found',
    });
    expect(held()).toEqual([]);
    const slide = await openSlide(await pathByteSources([text, slidePath]), nodePlatform());
    expect(held()).toEqual([slidePath]);
    slide.close();
    await expect.poll(held).toEqual([]);
  },
);

test('a file that cannot be read any more is a typed error', async () => {
  const source = await pathByteSource(file('d.bin', new Uint8Array(100)));
  await source.close();
  await expect(source.read(0, 10)).rejects.toMatchObject({ name: 'SlideError', file: 'd.bin' });
});

/**
 * Damaged, absurd and foreign files. Each gives a typed error that names the file, or a slide that works
 * except for its damaged part. None hangs and none throws another kind of error.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { zlibSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from './byte-source.ts';
import { nodePlatform } from './node-platform.node.ts';
import { openSlide } from './open-slide.ts';
import { pathByteSource } from './path-byte-source.node.ts';
import { readRegion } from './region.ts';
import { SlideError, type SlideErrorCode } from './slide.ts';
import { buildTiff, changed, tiledEntries, type BuiltEntry } from './testing/tiff-builder.ts';
import { TileCache } from './tile-cache.ts';

const platform = nodePlatform();
const root = join(import.meta.dirname, '../..');
const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);
const read = (path: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(root, path)));

/** Opens bytes and reads the whole slide at a small size, which is what a viewer does first. */
async function use(bytes: Uint8Array, name = 'case.svs'): Promise<'works' | SlideError> {
  try {
    const slide = await openSlide([memoryByteSource(bytes, name)], platform);
    const { width, height } = slide.metadata;
    const size = Math.min(64, width, height);
    const rect = { x: 0, y: 0, width: Math.min(width, 256), height: Math.min(height, 256) };
    await readRegion(slide, rect, size, size, { decoder: platform.decoder, cache: new TileCache(1e6) });
    for (const { name: image } of slide.metadata.associated) {
      await slide.associatedImage(image).catch((error: unknown) => {
        if (!(error instanceof SlideError)) throw error;
      });
    }
    slide.close();
    return 'works';
  } catch (error) {
    if (error instanceof SlideError) return error;
    throw error;
  }
}

/** Four uncompressed tiles of 16 × 16. */
const tiles = [60, 120, 180, 240].map((value) => new Uint8Array(768).fill(value));
const plain = tiledEntries(32, 32, tiles);
const built = (entries: readonly BuiltEntry[], next = 0): Uint8Array => buildTiff(tiles, entries, next).bytes;
const deflated = (tile: Uint8Array): Uint8Array => buildTiff([tile], tiledEntries(16, 16, [tile], 8)).bytes;
const compressed = (scheme: number, tile: Uint8Array): Uint8Array =>
  buildTiff([tile], tiledEntries(16, 16, [tile], scheme)).bytes;
const ome = (xml: string): Uint8Array => built(changed(plain, 270, [2, text(`${xml}\0`)]));

/** A directory that points to itself as the next one. */
function loop(): Uint8Array {
  const tiff = buildTiff(tiles, plain);
  return buildTiff(tiles, plain, tiff.directory).bytes;
}

/** The bytes, patched at an offset. */
function patched(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

type Expected = SlideErrorCode | 'works';

const cases: [string, () => Uint8Array, ...Expected[]][] = [
  ['empty', () => new Uint8Array(0), 'not-a-slide'],
  ['one byte', () => Uint8Array.of(0x49), 'not-a-slide'],
  ['three bytes of a TIFF', () => Uint8Array.of(0x49, 0x49, 42), 'truncated'],
  ['a bare header', () => Uint8Array.of(0x49, 0x49, 42, 0, 8, 0, 0, 0), 'truncated'],
  ['a text file', () => text('This is not a slide.\n'.repeat(50)), 'not-a-slide'],
  ['a web page', () => text('<!DOCTYPE html><html><body>404</body></html>'), 'not-a-slide'],
  ['a ZIP archive', () => text('PK\x03\x04 and so on'), 'not-a-slide'],
  ['a PDF', () => text('%PDF-1.7 and so on'), 'not-a-slide'],
  ['zeros', () => new Uint8Array(5000), 'not-a-slide'],
  ['a TIFF of version 44', () => patched(built(plain), 2, 44), 'not-a-slide'],
  ['no directory', () => patched(built(plain), 4, 0, 0, 0, 0), 'corrupt'],
  [
    'a directory offset past the end of the file',
    () => patched(built(plain), 4, 255, 255, 255, 127),
    'truncated',
  ],
  ['an empty directory', () => buildTiff(tiles, []).bytes, 'corrupt'],
  ['a directory that links to itself', loop, 'works'],
  ['a next-directory offset past the end of the file', () => built(plain, 0x7fffffff), 'works'],
  ['a next-directory offset into the pixels', () => built(plain, 8), 'works'],
  ['no width', () => built(changed(plain, 256, null)), 'corrupt'],
  ['width 0', () => built(changed(plain, 256, [4, [0]])), 'corrupt'],
  ['width of 4 billion', () => built(changed(plain, 256, [4, [0xffffffff]])), 'corrupt'],
  ['height of 4 billion', () => built(changed(plain, 257, [4, [0xffffffff]])), 'corrupt'],
  [
    '16 million by 16 million pixels',
    () => built(changed(changed(plain, 256, [4, [2 ** 24]]), 257, [4, [2 ** 24]])),
    'corrupt',
  ],
  ['tile width 0', () => built(changed(plain, 322, [4, [0]])), 'corrupt'],
  ['tile width of 4 billion', () => built(changed(plain, 322, [4, [0xffffffff]])), 'corrupt'],
  [
    'tiles of more than 16 million pixels',
    () => built(changed(changed(plain, 322, [4, [60000]]), 323, [4, [60000]])),
    'unsupported',
  ],
  ['no tile width', () => built(changed(plain, 322, null)), 'corrupt'],
  ['no tile offsets', () => built(changed(plain, 324, null)), 'broken-tile'],
  ['no tile byte counts', () => built(changed(plain, 325, null)), 'broken-tile'],
  ['fewer offsets than tiles', () => built(changed(plain, 324, [4, [8]])), 'broken-tile'],
  [
    'tile offsets past the end of the file',
    () => built(changed(plain, 324, [4, [8, 776, 1e9, 1544]])),
    'broken-tile',
  ],
  [
    'a byte count that runs past the end of the file',
    () => built(changed(plain, 325, [4, [768, 768, 768, 1e9]])),
    'broken-tile',
  ],
  [
    'a byte count that is too small',
    () => built(changed(plain, 325, [4, [768, 10, 768, 768]])),
    'broken-tile',
  ],
  ['tiles of zero bytes', () => built(changed(plain, 325, [4, [0, 0, 0, 0]])), 'corrupt'],
  ['tiles at offset zero', () => built(changed(plain, 324, [4, [0, 0, 0, 0]])), 'corrupt'],
  [
    'offsets of 2 billion values',
    () => patched(built(plain), buildTiff(tiles, plain).entries.get(324)! + 4, 255, 255, 255, 127),
    'truncated',
    'corrupt',
    'broken-tile',
  ],
  ['unknown compression', () => built(changed(plain, 259, [3, [12345]])), 'unsupported'],
  ['old JPEG', () => built(changed(plain, 259, [3, [6]])), 'unsupported'],
  ['CCITT fax', () => built(changed(plain, 259, [3, [4]])), 'unsupported'],
  ['16 bits', () => built(changed(plain, 258, [3, [16, 16, 16]])), 'broken-tile'],
  ['1 bit', () => built(changed(plain, 258, [3, [1, 1, 1]])), 'unsupported'],
  ['no bits', () => built(changed(plain, 258, null)), 'unsupported'],
  ['floating point', () => built(changed(plain, 339, [3, [3, 3, 3]])), 'unsupported'],
  ['0 channels', () => built(changed(plain, 277, [3, [0]])), 'unsupported'],
  ['60000 channels', () => built(changed(plain, 277, [3, [60000]])), 'unsupported'],
  ['CMYK', () => built(changed(plain, 262, [3, [5]])), 'unsupported'],
  [
    'JPEG 2000 with transparency',
    () => built(changed(changed(plain, 277, [3, [4]]), 259, [3, [34712]])),
    'unsupported',
  ],
  ['CIELAB', () => built(changed(plain, 262, [3, [8]])), 'unsupported'],
  ['a palette without colours', () => built(changed(plain, 262, [3, [3]])), 'unsupported'],
  [
    'floating-point predictor',
    () => built(changed(changed(plain, 317, [3, [3]]), 259, [3, [8]])),
    'unsupported',
  ],
  ['planes that do not exist', () => built(changed(plain, 284, [3, [2]])), 'broken-tile'],
  ['field types that do not exist', () => built([...plain, [60000, 99, [1]]]), 'works'],
  ['an unterminated text tag', () => built(changed(plain, 270, [2, text('Aperio')])), 'works'],
  ['a Deflate bomb', () => deflated(new Uint8Array(deflateSync(new Uint8Array(100_000_000)))), 'broken-tile'],
  [
    'a Deflate tile that ends early',
    () => deflated(zlibSync(new Uint8Array(768)).slice(0, 8)),
    'broken-tile',
  ],
  [
    'a Deflate tile of noise',
    () => deflated(Uint8Array.from({ length: 300 }, (_, i) => (i * 97) % 256)),
    'broken-tile',
  ],
  ['a Deflate tile that unpacks to too little', () => deflated(zlibSync(new Uint8Array(100))), 'broken-tile'],
  [
    'an LZW tile of noise',
    () =>
      compressed(
        5,
        Uint8Array.from({ length: 300 }, (_, i) => (i * 97) % 256),
      ),
    'broken-tile',
  ],
  ['an LZW tile of ones', () => compressed(5, new Uint8Array(300).fill(255)), 'broken-tile'],
  ['a PackBits tile that ends early', () => compressed(32773, Uint8Array.of(129)), 'broken-tile'],
  ['a ZSTD tile of noise', () => compressed(50000, new Uint8Array(300).fill(0x5a)), 'broken-tile'],
  ['a JPEG tile that is not a JPEG', () => compressed(7, new Uint8Array(300)), 'broken-tile'],
  ['a JPEG tile of a bare header', () => compressed(7, Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)), 'broken-tile'],
  ['a WebP tile that is not a WebP', () => compressed(50001, new Uint8Array(300)), 'broken-tile'],
  ['a JPEG 2000 tile that is not JPEG 2000', () => compressed(33005, new Uint8Array(300)), 'broken-tile'],
  [
    'a JPEG 2000 tile of 4 billion by 4 billion',
    () =>
      compressed(
        33005,
        Uint8Array.of(
          0xff,
          0x4f,
          0xff,
          0x51,
          0,
          47,
          0,
          0,
          ...Array<number>(8).fill(255),
          ...Array<number>(60).fill(0),
        ),
      ),
    'broken-tile',
  ],
  ['truncated OME-XML', () => ome('<?xml version="1.0"?><OME><Image OME>'), 'corrupt', 'works'],
  [
    'OME-XML with an entity bomb',
    () =>
      ome(
        `<?xml version="1.0"?><!DOCTYPE OME [<!ENTITY a "${'x'.repeat(100)}">${Array.from({ length: 9 }, (_, i) => `<!ENTITY ${'bcdefghij'[i]} "${`&${'abcdefghi'[i]};`.repeat(10)}">`).join('')}]><OME><Image Name="&j;"><Pixels SizeC="3"><Channel SamplesPerPixel="3"/></Pixels></Image></OME>`,
      ),
    'works',
    'corrupt',
  ],
  [
    'OME-XML with an external entity',
    () =>
      ome(
        '<?xml version="1.0"?><!DOCTYPE OME [<!ENTITY a SYSTEM "file:///etc/passwd">]><OME><Image Name="&a;"/></OME>',
      ),
    'works',
    'corrupt',
  ],
  ['OME-XML nested 20,000 deep', () => ome(`<OME>${'<a>'.repeat(20_000)}</OME>`), 'works', 'corrupt'],
  [
    'OME-XML with absurd sizes',
    () =>
      ome(
        '<OME><Image><Pixels SizeC="-1" SizeZ="1e99" PhysicalSizeX="NaN" PhysicalSizeY="-4"/></Image></OME>',
      ),
    'works',
  ],
  [
    'OME-XML that claims channels the file lacks',
    () => {
      const xml = '<OME><Image><Pixels SizeC="5"><Channel SamplesPerPixel="1"/></Pixels></Image></OME>';
      const grey = changed(changed(plain, 277, [3, [1]]), 258, [3, [8]]);
      return built(changed(grey, 270, [2, text(`${xml}\0`)]));
    },
    'unsupported',
  ],
  [
    'OME-XML that claims channels for an RGB image',
    () => ome('<OME><Image><Pixels SizeC="5"><Channel SamplesPerPixel="1"/></Pixels></Image></OME>'),
    'works',
  ],
  [
    'SubIFDs that point to the first directory',
    () => {
      const withSub = changed(plain, 330, [4, [0]]);
      const { directory } = buildTiff(tiles, withSub);
      return built(changed(plain, 330, [4, [directory]]));
    },
    'works',
  ],
  ['SubIFDs past the end of the file', () => built(changed(plain, 330, [4, [1e9]])), 'works'],
  [
    'an SVS without tiles',
    () =>
      built(
        changed(changed(changed(plain, 322, null), 324, null), 270, [
          2,
          text('Aperio Image Library|MPP = x\0'),
        ]),
      ),
    'broken-tile',
    'corrupt',
  ],
  [
    'an NDPI without a JPEG',
    () => built([...changed(plain, 259, [3, [7]]), [65420, 3, [1]], [65421, 4, [20]]]),
    'corrupt',
  ],
  ['an NDPI without levels', () => built([...plain, [65420, 3, [1]]]), 'corrupt'],
  [
    'a bare DICOM prefix',
    () => {
      const bytes = new Uint8Array(200);
      bytes.set(text('DICM'), 128);
      return bytes;
    },
    'truncated',
    'corrupt',
    'unsupported',
  ],
];

describe('bad files', () => {
  test('the corpus is large enough', () => {
    expect(cases.length).toBeGreaterThanOrEqual(60);
  });

  test.each(cases)(
    '%s',
    async (_name, make, ...expected) => {
      const outcome = await use(make());
      if (outcome === 'works') {
        expect(expected).toContain('works');
        return;
      }
      expect(expected).toContain(outcome.code);
      // The name, then two sentences: what is wrong and what to do.
      expect(outcome.message).toMatch(/^case\.svs: \S.*\. \S.*\.$/s);
    },
    30_000,
  );

  test('a broken tile leaves the rest of the slide usable', async () => {
    const bytes = built(changed(plain, 324, [4, [8, 776, 1e9, 2312]]));
    const slide = await openSlide([memoryByteSource(bytes, 'part.tif')], platform);
    await expect(slide.tile(0, 0, 1)).rejects.toMatchObject({ code: 'broken-tile', file: 'part.tif' });
    const good = await slide.tile(0, 1, 1);
    expect(good.kind === 'pixels' && good.image.data[0]).toBe(240);
    await expect(slide.tile(0, 2, 0)).rejects.toThrow(RangeError);
    await expect(slide.tile(1, 0, 0)).rejects.toThrow(RangeError);
  });

  test('a folder and a missing file', async () => {
    await expect(pathByteSource(root)).rejects.toMatchObject({ code: 'not-found' });
    await expect(pathByteSource(join(root, 'none.svs'))).rejects.toMatchObject({ code: 'not-found' });
  });

  test('no files, and files that do not belong together', async () => {
    await expect(openSlide([], platform)).rejects.toMatchObject({ code: 'not-a-slide' });
    const two = ['a.tif', 'b.tif'].map((name) => memoryByteSource(built(plain), name));
    await expect(openSlide(two, platform)).rejects.toMatchObject({ code: 'unsupported' });
  });

  const broken = join(root, '../shared/data/slides/bad');
  test.skipIf(!existsSync(broken))('real files that no reader opens (development data)', async () => {
    for (const name of readdirSync(broken)) {
      expect(await use(read(`../shared/data/slides/bad/${name}`), name)).toMatchObject({ file: name });
    }
  });
});

describe('truncated real slides', () => {
  const svs = read('public/slides/CMU-1-Small-Region.svs');
  test.each([10, 1000, 100_000, 1_276_200])('an SVS after %i bytes', async (length) => {
    expect(await use(svs.slice(0, length))).toMatchObject({ code: 'truncated', file: 'case.svs' });
  });

  // The whole slide is there, what lies beside it is not.
  test.each([1_474_362, 1_500_000, 1_850_000, 1_938_300])('an SVS after %i bytes opens', async (length) => {
    expect(await use(svs.slice(0, length))).toBe('works');
  });

  const dcm = read('src/slide/golden/dicom/jpeg.dcm');
  test.each([140, 400, 1000, 1500])('a DICOM file after %i bytes', async (length) => {
    const outcome = await use(dcm.slice(0, length));
    expect(['truncated', 'corrupt', 'unsupported', 'broken-tile']).toContain((outcome as SlideError).code);
  });

  test('a DICOM file truncated within its frames loses only those frames', async () => {
    const slide = await openSlide([memoryByteSource(dcm.slice(0, 100_000), 'cut.dcm')], platform);
    expect((await slide.tile(0, 0, 0)).kind).toBe('encoded');
    await expect(slide.tile(0, 3, 2)).rejects.toMatchObject({ code: 'broken-tile', file: 'cut.dcm' });
  });
});

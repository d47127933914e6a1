/** Small files that claim much: each is opened or refused with a sentence, in linear time and within the limits. */
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from './byte-source.ts';
import { ByteBudget, maxDescriptionBytes, maxDicomWebBytes, maxMetadataBytes } from './limits.ts';
import { nodePlatform } from './node-platform.node.ts';
import { openSlideUrl } from './open-slide-url.ts';
import { openSlide } from './open-slide.ts';
import { SlideError, type Slide } from './slide.ts';
import { costOf } from './testing/cost.ts';
import { buildDicom, encapsulated, withElement, wsiElements } from './testing/dicom-builder.ts';
import { buildTiff, changed, tiledEntries } from './testing/tiff-builder.ts';
import { descriptionMpp } from './tiff/resolution.ts';

const platform = nodePlatform();
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const tiles = [60, 120, 180, 240].map((value) => new Uint8Array(768).fill(value));
const plain = tiledEntries(32, 32, tiles);
const described = (description: string): Uint8Array =>
  withDescription(buildTiff(tiles, plain).bytes, text(`${description}\0`));

/** The file with a long ImageDescription at its end: the builder would take it value by value. */
function withDescription(tiff: Uint8Array, value: Uint8Array): Uint8Array {
  const placeholder = buildTiff(tiles, changed(plain, 270, [2, [65, 66, 67, 68, 0]]));
  const bytes = new Uint8Array(placeholder.bytes.length + value.length);
  bytes.set(placeholder.bytes);
  bytes.set(value, placeholder.bytes.length);
  const view = new DataView(bytes.buffer);
  const entry = placeholder.entries.get(270)!;
  view.setUint32(entry + 4, value.length, true);
  view.setUint32(entry + 8, placeholder.bytes.length, true);
  expect(tiff.length).toBeLessThan(bytes.length);
  return bytes;
}

const open = (bytes: Uint8Array, name = 'case.tif'): Promise<Slide> =>
  openSlide([memoryByteSource(bytes, name)], platform);

/** What is refused names the file and a remedy. */
async function refusal(promise: Promise<unknown>): Promise<SlideError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SlideError);
  const { file, problem, remedy } = error as SlideError;
  expect([file, problem, remedy].every((part) => part.length > 0)).toBe(true);
  return error as SlideError;
}

/** A CPU of CI does any of these in a fraction of it; what was quadratic took half a minute. */
const mostMs = 4000;
const mib = 1024 * 1024;

describe('TIFF', () => {
  test.each([
    ['newlines', `Aperio x${'\n'.repeat(200_000)}|MPP = 0.5`],
    ['carriage returns', `Aperio x${'\r'.repeat(200_000)}|MPP = 0.5`],
    ['lines of blanks', `Aperio x${`\n${' '.repeat(400)}`.repeat(500)}|MPP = 0.5`],
  ])('an Aperio description of %s opens', async (_name, description) => {
    let slide: Slide | null = null;
    const { ms } = await costOf(async () => (slide = await open(described(description))));
    expect(slide!.metadata.mpp?.x).toBe(0.5);
    expect(ms).toBeLessThan(mostMs);
  });

  test.each([
    ['mpp, blanks', `mpp=${' '.repeat(200_000)}x`],
    ['mpp, many tags', 'mpp</name><value'.repeat(15_000)],
    ['mpp many times', 'mpp='.repeat(50_000)],
    ['magnification, blanks', `magnification${' '.repeat(200_000)}x`],
  ])('a description of %s is looked through once', async (_name, description) => {
    const { ms } = await costOf(() => open(described(description)));
    expect(ms).toBeLessThan(mostMs);
  });

  test('keys and values are still found', () => {
    expect(descriptionMpp('mpp mpp = "0.25"')?.x).toBe(0.25);
    expect(descriptionMpp('<name>openslide.mpp-x</name>\n <value type="x">0.5</value>')?.x).toBe(0.5);
  });

  test('300 directories of 4096 entries over the same bytes', async () => {
    const directories = 300;
    const entries = 4096;
    const bytes = new Uint8Array(8 + directories * (2 + entries * 12 + 4));
    const view = new DataView(bytes.buffer);
    bytes.set([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
    for (let d = 0; d < directories; d++) {
      const at = 8 + d * (2 + entries * 12 + 4);
      view.setUint16(at, entries, true);
      for (let i = 0; i < entries; i++) {
        const entry = at + 2 + i * 12;
        view.setUint16(entry, 256 + i, true);
        view.setUint16(entry + 2, 1, true);
        view.setUint32(entry + 4, 4096, true);
        view.setUint32(entry + 8, 8, true);
      }
      const next = d === directories - 1 ? 0 : at + 2 + entries * 12 + 4;
      view.setUint32(at + 2 + entries * 12, next, true);
    }
    const cost = await costOf(() => refusal(open(bytes)));
    expect(cost.ms).toBeLessThan(2 * mostMs);
    expect(cost.bytes).toBeLessThan(400 * mib);
  });

  test.each([
    ['elements', '<a/>'.repeat(2_600_000)],
    ['attributes', `<a ${Array.from({ length: 900_000 }, (_, i) => `a${i}=""`).join(' ')}/>`],
  ])('10 MB of OME-XML of %s are refused before they are parsed', async (_name, xml) => {
    const bytes = described(`<OME>${xml}</OME>`);
    const cost = await costOf(async () => {
      expect((await refusal(open(bytes))).message).toContain('too much memory for its OME-XML');
    });
    expect(cost.bytes).toBeLessThan(200 * mib);
  });

  test('OME-XML of 256 channels in each of 8,000 images', async () => {
    const xml = `<OME>${'<Image><Pixels SizeC="256"/></Image>'.repeat(8000)}</OME>`;
    const cost = await costOf(() => open(described(xml)));
    expect(cost.ms).toBeLessThan(2 * mostMs);
  });

  test('a label of a million tiles of one pixel is not shown', async () => {
    const base = buildTiff(tiles, [...plain]);
    const label = [
      [254, 4, [1]],
      [256, 4, [1024]],
      [257, 4, [1000]],
      [258, 3, [8, 8, 8]],
      [259, 3, [1]],
      [262, 3, [2]],
      [277, 3, [3]],
      [322, 4, [1]],
      [323, 4, [1]],
    ] as const;
    // The second directory follows the first file.
    const second = buildTiff([], label);
    const bytes = new Uint8Array(base.bytes.length + second.bytes.length);
    bytes.set(base.bytes);
    bytes.set(second.bytes, base.bytes.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(base.directory + 2 + plain.length * 12, base.bytes.length + second.directory, true);
    for (const [tagNumber, entry] of second.entries) {
      if (tagNumber === 258) {
        const at = base.bytes.length + entry + 8;
        view.setUint32(at, view.getUint32(at, true) + base.bytes.length, true);
      }
    }
    const slide = await open(bytes);
    const [image] = slide.metadata.associated;
    expect(image).toMatchObject({ width: 1024, height: 1000 });
    const cost = await costOf(() => refusal(slide.associatedImage(image!.name)));
    expect(cost.bytes).toBeLessThan(50 * mib);
  });
});

describe('DICOM', () => {
  const jpegBaseline = '1.2.840.10008.1.2.4.50';

  test('an offset table that steps down 100,000 times is read in linear time', async () => {
    const table = Array.from({ length: 200_000 }, (_, i) => (i % 2 === 0 ? 0xffff_fff0 - i : i));
    const elements = withElement(wsiElements(450, 450), 0x28, 8, { value: '200000' });
    const pixels = encapsulated(table, [Uint8Array.of(0xff, 0xd8)]);
    const slide = await open(buildDicom([...elements.slice(0, -1), pixels], jpegBaseline), 'case.dcm');
    const { ms } = await costOf(() => refusal(slide.tile(0, 3, 3)));
    expect(ms).toBeLessThan(mostMs);
  });

  test('frames are found by a table in any order; two at one place are broken', async () => {
    const frames = [1, 2, 3, 4].map((value) => new Uint8Array(768).fill(value));
    const offset = (i: number): number => i * (768 + 8);
    const made = (table: number[]): Promise<Slide> => {
      const pixels = encapsulated(table, frames);
      return open(buildDicom([...wsiElements(2, 2).slice(0, -1), pixels]), 'case.dcm');
    };
    const colour = async (slide: Slide, column: number, row: number): Promise<number> => {
      const tile = await slide.tile(0, column, row);
      return tile.kind === 'pixels' ? tile.image.data[0]! : NaN;
    };
    const shuffled = await made([offset(2), offset(0), offset(3), offset(1)]);
    expect(await colour(shuffled, 0, 0)).toBe(3);
    expect(await colour(shuffled, 1, 0)).toBe(1);
    expect(await colour(shuffled, 1, 1)).toBe(2);
    const zeros = await made([0, 0, 0, 0]);
    expect((await refusal(zeros.tile(0, 0, 0))).code).toBe('broken-tile');
  });

  test('a deflated data set is inflated up to a limit', async () => {
    const bomb = deflateRawSync(new Uint8Array(160 * mib), { level: 1 });
    const head = buildDicom([], '1.2.840.10008.1.2.1.99');
    const bytes = new Uint8Array(head.length + bomb.length);
    bytes.set(head);
    bytes.set(bomb, head.length);
    const cost = await costOf(async () => {
      expect((await refusal(open(bytes, 'case.dcm'))).message).toContain('(deflated) needs more than 128 MB');
    });
    expect(cost.bytes).toBeLessThan(200 * mib);
  });

  test('a data set of 1.2 million empty elements is refused', async () => {
    const element = Uint8Array.of(0x09, 0, 0, 0, 0x4c, 0x4f, 0, 0);
    const value = new Uint8Array(element.length * 1_200_000);
    for (let i = 0; i < 1_200_000; i++) {
      value.set(element, i * 8);
      value[i * 8 + 2] = i & 255;
      value[i * 8 + 3] = (i >> 8) & 255;
    }
    const head = buildDicom(wsiElements(2, 2).slice(0, 4));
    const bytes = new Uint8Array(head.length + value.length);
    bytes.set(head);
    bytes.set(value, head.length);
    const cost = await costOf(async () => {
      expect((await refusal(open(bytes, 'case.dcm'))).message).toContain('data elements');
    });
    expect(cost.bytes).toBeLessThan(700 * mib);
  });

  test('sequences nested 100,000 deep are refused', async () => {
    const open1 = Uint8Array.of(
      0x40,
      0,
      0x00,
      0x05,
      0x53,
      0x51,
      0,
      0,
      255,
      255,
      255,
      255,
      0xfe,
      0xff,
      0,
      0xe0,
      255,
      255,
      255,
      255,
    );
    const value = new Uint8Array(open1.length * 100_000);
    for (let i = 0; i < 100_000; i++) value.set(open1, i * open1.length);
    const head = buildDicom(wsiElements(2, 2).slice(0, 4));
    const bytes = new Uint8Array(head.length + value.length);
    bytes.set(head);
    bytes.set(value, head.length);
    await refusal(open(bytes, 'case.dcm'));
  });

  test('an Image Type of two values is a level; values that are too short are none', async () => {
    const two = withElement(wsiElements(2, 2), 8, 8, { value: 'DERIVED\\PRIMARY' });
    const slide = await open(buildDicom(two), 'case.dcm');
    expect(slide.metadata).toMatchObject({ width: 32, height: 32 });
    for (const [group, element] of [
      [0x28, 0x10],
      [0x28, 2],
      [0x48, 6],
      [0x28, 0x100],
    ] as const) {
      const short = withElement(wsiElements(2, 2), group, element, { value: Uint8Array.of(7) });
      await open(buildDicom(short), 'case.dcm').catch((error: unknown) =>
        expect(error).toBeInstanceOf(SlideError),
      );
    }
  });
});

describe('servers', () => {
  /** A body that never ends, and how much of it was taken. */
  function endless(
    type: string,
    start: string,
    init: ResponseInit = {},
  ): { response: () => Response; sent: () => number } {
    let sent = 0;
    const piece = text(`${start}${' '.repeat(64 * 1024)}`);
    const headers = { ...(init.headers as Record<string, string> | undefined), 'Content-Type': type };
    return {
      sent: () => sent,
      response: () =>
        new Response(
          new ReadableStream<Uint8Array<ArrayBuffer>>({
            pull(controller) {
              if (sent > 1024 * mib) throw new Error('Nobody stops.');
              sent += piece.length;
              controller.enqueue(piece.slice());
            },
          }),
          { ...init, headers },
        ),
    };
  }

  test.each([
    ['a Deep Zoom description', 'https://a.example/x.dzi', 'application/xml', '<Image>', maxDescriptionBytes],
    ['an IIIF description', 'https://a.example/info.json', 'application/json', '{', maxDescriptionBytes],
    [
      'DICOMweb metadata',
      'https://a.example/studies/1.2/series/1.3',
      'application/dicom+json',
      '[',
      maxDicomWebBytes,
    ],
  ])('%s that never ends', async (_name, url, type, start, most) => {
    const body = endless(type, start);
    await refusal(openSlideUrl(url, platform, { fetch: () => Promise.resolve(body.response()), retries: 0 }));
    expect(body.sent()).toBeLessThan(most + 2 * mib);
  });

  test('a range that never ends is read up to the bytes that were asked for', async () => {
    const body = endless('application/octet-stream', 'II', {
      status: 206,
      headers: { 'Content-Range': 'bytes 0-99999999999/100000000000' },
    });
    await refusal(
      openSlideUrl('https://a.example/x.svs', platform, {
        fetch: () => Promise.resolve(body.response()),
        retries: 0,
      }),
    );
    expect(body.sent()).toBeLessThan(2 * mib);
  });

  test('a tile that never ends is broken', async () => {
    const dzi = '<Image TileSize="64" Overlap="0" Format="png"><Size Width="100" Height="100"/></Image>';
    const body = endless('image/png', 'x');
    const http = (input: RequestInfo | URL): Promise<Response> =>
      Promise.resolve(
        (input as string).endsWith('.dzi')
          ? new Response(dzi, {
              status: 206,
              headers: { 'Content-Range': `bytes 0-${dzi.length - 1}/${dzi.length}` },
            })
          : body.response(),
      );
    const slide = await openSlideUrl('https://a.example/x.dzi', platform, { fetch: http });
    expect((await refusal(slide.tile(0, 0, 0))).code).toBe('broken-tile');
    expect(body.sent()).toBeLessThan(70 * mib);
  });

  const metadata = (json: unknown): Promise<Slide> =>
    openSlideUrl('https://a.example/studies/1.2/series/1.3', platform, {
      fetch: () => Promise.resolve(new Response(typeof json === 'string' ? json : JSON.stringify(json))),
    });

  test('DICOMweb metadata of any shape is refused with a sentence', async () => {
    for (const json of [
      null,
      [null],
      [[]],
      [{ '00280010': null }],
      [{ '00280010': { Value: 7 } }],
      [{ '52009230': { Value: 'x' }, '52009229': { Value: [null] } }],
      `[{"00280010":{"Value":[${'['.repeat(100_000)}${']'.repeat(100_000)}]}}]`,
      `[${'{},'.repeat(8_000_000)}{}]`,
    ]) {
      await refusal(metadata(json));
    }
  });

  test('IIIF descriptions of any shape are refused with a sentence', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const context = '"@context":"http://iiif.io/api/image/2/context.json"';
    for (const json of [
      'null',
      '[]',
      `{${context},"width":${deep},"height":1}`,
      `{"@context":${deep}}`,
      `{${context},"width":10,"height":10,"tiles":[null],"profile":${deep},"id":${deep}}`,
    ]) {
      const http = (): Promise<Response> =>
        Promise.resolve(new Response(json, { headers: { 'Content-Type': 'application/json' } }));
      await openSlideUrl('https://a.example/info.json', platform, { fetch: http }).catch((error: unknown) =>
        expect(error).toBeInstanceOf(SlideError),
      );
    }
  });
});

describe('the budget', () => {
  test('is one for all that a slide spends', async () => {
    const budget = new ByteBudget('case.tif', 100);
    budget.spend(60, 'tags');
    const { message } = await refusal(Promise.resolve().then(() => budget.spend(60, 'tags')));
    expect(message).toContain('case.tif: It needs too much memory for its tags');
    await refusal(Promise.resolve().then(() => budget.spend(1, 'texts')));
    expect(maxMetadataBytes).toBeLessThan(512 * mib);
  });
});

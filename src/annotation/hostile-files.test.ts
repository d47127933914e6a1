/** Annotation files that are made to harm: each is read or refused with a sentence, in linear time. */
import { deflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { AnnotationError } from './annotation-file.ts';
import { readAnnotationFile } from './read-annotation-file.ts';
import { readAnnotations } from './read-annotations.ts';

function refusal(text: string): AnnotationError {
  try {
    readAnnotations(text, 'evil.xml');
  } catch (error) {
    expect(error).toBeInstanceOf(AnnotationError);
    expect(error).toMatchObject({ file: 'evil.xml' });
    expect((error as AnnotationError).remedy.length).toBeGreaterThan(5);
    expect((error as AnnotationError).message.length).toBeLessThan(500);
    return error as AnnotationError;
  }
  throw new Error('It was read.');
}

const region = (negative: boolean, x: number): string =>
  `<Region Type="0" NegativeROA="${negative ? 1 : 0}"><Vertices><Vertex X="${x}" Y="0"/><Vertex X="900000" Y="0"/><Vertex X="9" Y="9"/></Vertices></Region>`;
const imageScope = (content: string): string =>
  `<Annotations><Annotation><Regions>${content}</Regions></Annotation></Annotations>`;
const asap = (content: string): string =>
  `<ASAP_Annotations><Annotations>${content}</Annotations></ASAP_Annotations>`;

it.each([
  ['100,000 elements deep', '<a>'.repeat(100_000) + '</a>'.repeat(100_000), 'nested more than'],
  ['ASAP 100,000 deep', asap('<a>'.repeat(100_000) + '</a>'.repeat(100_000)), 'nested more than'],
  ['an element __proto__', imageScope('<__proto__>x</__proto__>'), 'name that is not allowed'],
  ['an element constructor', asap('<constructor/>'), 'name that is not allowed'],
  ['an attribute __proto__', imageScope('<Region __proto__="x"/>'), ''],
  ['an unclosed element', '<Annotations><', 'well-formed'],
  ['an unclosed comment', '<Annotations><!--', 'well-formed'],
  ['a million openings', '<'.repeat(1_000_000), 'well-formed'],
  ['an entity bomb', '<!DOCTYPE a [<!ENTITY b "c">]><Annotations/>', 'document type'],
])('%s', (_name, text, problem) => {
  const start = process.cpuUsage();
  expect(refusal(text).problem).toContain(problem);
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(4000);
});

const slide = {
  name: 'a.svs',
  format: 'aperio-svs',
  width: 100,
  height: 100,
  mpp: null,
  properties: {},
};
const square = [0, 0, 9, 0, 9, 9];
const coco = (annotation: object): string =>
  JSON.stringify({
    images: [{ id: 1 }],
    annotations: [{ id: 1, segmentation: [square] }, annotation],
    categories: [{ id: '__proto__', name: 'x' }],
  });
const darwin = (annotation: object, width = 100): string =>
  JSON.stringify({
    item: { slots: [{ width, height: width }] },
    annotations: [{ id: '__proto__', name: 'a', bounding_box: { x: 0, y: 0, w: 9, h: 9 } }, annotation],
  });
const dsa = (element: object): string =>
  JSON.stringify({ elements: [{ type: 'circle', center: [5, 5], radius: 5 }, element] });

it.each<[name: string, text: string, problem: string]>([
  ['an RLE of 2^48 pixels', coco({ segmentation: { size: [2 ** 24, 2 ** 24], counts: [0, 2 ** 48] } }), ''],
  [
    'an RLE longer than its image',
    coco({ segmentation: { size: [9, 9], counts: [0, 2 ** 40] } }),
    'more runs',
  ],
  ['an RLE without end', coco({ segmentation: { size: [9, 9], counts: 'o'.repeat(100_000) } }), 'damaged'],
  ['an RLE of negative runs', coco({ segmentation: { size: [9, 9], counts: [3, -4] } }), 'damaged'],
  ['a polygon of one x', coco({ segmentation: [[1]] }), 'x without a y'],
  ['a polygon of texts', coco({ segmentation: [['1', '2', '3', '4', '5', '6']] }), 'no number'],
  ['a raster layer of 2^48 pixels', darwin({ raster_layer: { dense_rle: [1, 2 ** 48] } }, 2 ** 24), ''],
  [
    'a raster layer of half a pixel',
    darwin({ raster_layer: { dense_rle: [1, 1] } }, 0.5),
    'size of its image',
  ],
  [
    '50,000 paths',
    darwin({
      polygon: {
        paths: Array(50_000).fill([
          { x: 1, y: 1 },
          { x: 2, y: 1 },
          { x: 2, y: 2 },
        ]),
      },
    }),
    'too many paths',
  ],
  [
    'a rectangle at infinity',
    dsa({ type: 'rectangle', center: [1e308, 1e308], width: 1e308, height: 1 }),
    'no number',
  ],
  ['an unknown element', dsa({ type: 'x'.repeat(10_000) }), 'unknown type'],
  ['a polygon without points', dsa({ type: 'polyline', closed: true }), 'fewer than three'],
])('%s: named and left out, the rest is read', (_name, text, problem) => {
  const start = process.cpuUsage();
  if (problem === '') expect(refusal(text).problem).toContain('million pixels');
  else {
    const { regions, refused } = readAnnotations(text, 'a.json', slide);
    expect(regions.length).toBeGreaterThan(0);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.problem).toContain(problem);
    expect(refused[0]?.problem.length).toBeLessThan(300);
  }
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(4000);
});

it('a PNG mask that claims or unpacks to more than its pixels', async () => {
  const header = (width: number, height: number): Buffer => {
    const bytes = Buffer.alloc(33);
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]).copy(bytes);
    bytes.write('IHDR', 12);
    bytes.writeUInt32BE(width, 16);
    bytes.writeUInt32BE(height, 20);
    bytes[24] = 8;
    return bytes;
  };
  const data = deflateSync(Buffer.alloc(20_000_000));
  const chunk = Buffer.alloc(8);
  chunk.writeUInt32BE(data.length);
  chunk.write('IDAT', 4);
  const bomb = Buffer.concat([header(100, 100), chunk, data, Buffer.alloc(4)]);
  await expect(readAnnotationFile(new Uint8Array(bomb), 'm.png', slide)).rejects.toThrow(
    'm.png: The mask unpacks to more than its pixels.',
  );
  const huge = readAnnotationFile(new Uint8Array(header(2 ** 31, 2 ** 31)), 'm.png', slide);
  await expect(huge).rejects.toThrow('The mask claims 2147483648 × 2147483648 pixels.');
});

it('names that objects inherit are names', () => {
  const { regions } = readAnnotations(
    darwin({ id: 'constructor', name: '__proto__', bounding_box: { x: 1, y: 1, w: 5, h: 5 } }),
    'a',
    slide,
  );
  expect(regions.map(({ label }) => label)).toEqual(['a', '__proto__']);
});

it('negative regions in every region: refused before the holes fill the memory', () => {
  const many = Array.from({ length: 4000 }, (_, i) => region(i % 2 === 0, i)).join('');
  expect(refusal(imageScope(many)).problem).toContain('too many negative regions');
  const few = Array.from({ length: 40 }, (_, i) => region(i % 2 === 0, i)).join('');
  const { regions } = readAnnotations(imageScope(few), 'a.xml');
  expect(regions).toHaveLength(20);
  expect(regions.every(({ holes }) => holes.length === 20)).toBe(true);
});

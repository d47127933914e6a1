/** Every text format in the encodings that programs write, with a byte order mark and without. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { AnnotationError, type AnnotationFile } from './annotation-file.ts';
import { gunzip } from './annotation-text.ts';
import { readAnnotationFile } from './read-annotation-file.ts';

const declaration = (encoding: string): string => `<?xml version="1.0" encoding="${encoding}"?>`;
const imageScope = (x = '1'): string =>
  `<Annotations><Annotation Name="Tumör"><Regions><Region Id="7"><Vertices><Vertex X="${x}" Y="2"/><Vertex X="9" Y="2"/><Vertex X="9" Y="9"/></Vertices></Region></Regions></Annotation></Annotations>`;
const asap = (x = '1'): string =>
  `<ASAP_Annotations><Annotations><Annotation Name="a" Type="Polygon" PartOfGroup="Tumör" Color="#F4FA58"><Coordinates><Coordinate Order="0" X="${x}" Y="2"/><Coordinate Order="1" X="9" Y="2"/><Coordinate Order="2" X="9" Y="9"/></Coordinates></Annotation></Annotations></ASAP_Annotations>`;
const ndpa = (x = '1'): string =>
  `<annotations><ndpviewstate id="1"><title>Tumör</title><coordformat>nanometers</coordformat><annotation type="freehand"><closed>1</closed><pointlist><point><x>${x}</x><y>2</y></point><point><x>9</x><y>2</y></point><point><x>9</x><y>9</y></point></pointlist></annotation></ndpviewstate></annotations>`;
const geoJson =
  '{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[1,2],[9,2],[9,9],[1,2]]]},"properties":{"classification":"Tumör"}}';
const ndpi = {
  name: 'a.ndpi',
  format: 'hamamatsu-ndpi',
  width: 10,
  height: 10,
  mpp: { x: 0.001, y: 0.001, source: 'test' },
  properties: { XOffsetFromSlideCentre: '5', YOffsetFromSlideCentre: '5' },
};

const read = (bytes: Uint8Array, name = 'a'): Promise<AnnotationFile> =>
  readAnnotationFile(new Uint8Array(bytes), name, ndpi);
const bigEndian = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

const encodings: readonly (readonly [name: string, encode: (text: string) => Uint8Array])[] = [
  ['UTF-8', (text) => Buffer.from(text)],
  ['UTF-8 with mark', (text) => Buffer.from(`\uFEFF${text}`)],
  ['UTF-16 LE with mark', (text) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ['UTF-16 BE with mark', (text) => bigEndian(`\uFEFF${text}`)],
  ['UTF-16 LE', (text) => Buffer.from(text, 'utf16le')],
  ['UTF-16 BE', bigEndian],
  ['Windows-1252, undeclared', (text) => Buffer.from(text, 'latin1')],
  ['gzip', (text) => gzipSync(text)],
];

describe.each(encodings)('%s', (_name, encode) => {
  it.each([
    ['ImageScope', imageScope()],
    ['ASAP', asap()],
    ['NDPA', ndpa()],
    ['GeoJSON', geoJson],
  ])('%s', async (_format, text) => {
    const { regions } = await read(encode(text));
    expect(regions.map(({ label }) => label)).toEqual(['Tumör']);
    expect([...(regions[0]?.outer ?? [])].slice(0, 4).map(Math.round)).toEqual([1, 2, 9, 2]);
  });
});

test.each([
  ['utf-16', Buffer.from(`\uFEFF${declaration('utf-16')}${imageScope()}`, 'utf16le')],
  ['iso-8859-1', Buffer.from(declaration('iso-8859-1') + imageScope(), 'latin1')],
  ['windows-1252', Buffer.from(declaration('windows-1252') + imageScope(), 'latin1')],
  ['no-such-encoding', Buffer.from(declaration('no-such-encoding') + imageScope(), 'latin1')],
])('XML that declares %s', async (_encoding, bytes) => {
  expect((await read(bytes)).regions[0]?.label).toBe('Tumör');
});

test.each([
  ['ImageScope', imageScope],
  ['ASAP', asap],
  ['NDPA', ndpa],
])('%s: decimal commas are numbers, other words are not', async (_format, text) => {
  for (const written of ['1,25', '1.25', '+1,25', '0,125e1']) {
    expect((await read(Buffer.from(text(written)))).regions[0]?.outer[0]).toBeCloseTo(1.25, 9);
  }
  for (const written of ['1,2,5', '1.2,5', '', '1e999', 'x', '0x']) {
    await expect(read(Buffer.from(text(written)))).rejects.toThrow(AnnotationError);
  }
});

test('gzip: damage is said, and what unpacks to too much is stopped', async () => {
  const packed = gzipSync(geoJson);
  await expect(read(packed.subarray(0, -12), 'a.geojson.gz')).rejects.toThrow(
    'a.geojson.gz: Its gzip compression is damaged.',
  );
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(5_000_000)));
  await expect(gunzip(bomb, 'b.gz', 1_000_000)).rejects.toThrow(/b\.gz: It has more than 0 MB of text/);
});

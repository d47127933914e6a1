/** Mutants of annotation files: each is read, with numbers only, or refused with an AnnotationError. */
import { expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectSound, mutantCount, mutatedBytes, mutatedJson, type Random } from '../base/testing/mutants.ts';
import { SlideError } from '../slide/slide.ts';
import { mutatedXml } from '../slide/testing/structure-mutants.ts';
import { AnnotationError } from './annotation-file.ts';
import { readAnnotationFile } from './read-annotation-file.ts';

const imageScope =
  '<Annotations MicronsPerPixel="0.5"><Annotation Id="1" Name="Tumor" LineColor="65280"><Attributes><Attribute Id="0" Name="Description" Value=""/></Attributes><Regions><Region Id="1" Type="0" Text="a" NegativeROA="0"><Attributes/><Vertices><Vertex X="1" Y="2" Z="0"/><Vertex X="9" Y="2" Z="0"/><Vertex X="9" Y="9" Z="0"/></Vertices></Region><Region Id="2" Type="2" NegativeROA="1"><Vertices><Vertex X="2" Y="3"/><Vertex X="4" Y="6"/></Vertices></Region></Regions></Annotation></Annotations>';
const asap =
  '<ASAP_Annotations><Annotations><Annotation Name="Annotation 0" Type="Polygon" PartOfGroup="Tumor" Color="#F4FA58"><Coordinates><Coordinate Order="0" X="1" Y="1"/><Coordinate Order="1" X="9" Y="1"/><Coordinate Order="2" X="9" Y="9"/></Coordinates></Annotation></Annotations><AnnotationGroups><Group Name="Tumor" PartOfGroup="None" Color="#64FE2E"/></AnnotationGroups></ASAP_Annotations>';
const ring = [
  [0, 0],
  [9, 0],
  [9, 9],
  [0, 0],
];
const geoJson = {
  type: 'FeatureCollection',
  features: [
    {
      type: 'Feature',
      id: 'a',
      geometry: { type: 'Polygon', coordinates: [ring, ring] },
      properties: { name: 'b', classification: { name: 'Tumor', color: [200, 0, 0] } },
    },
    {
      type: 'Feature',
      geometry: {
        type: 'GeometryCollection',
        geometries: [
          { type: 'MultiPolygon', coordinates: [[ring], [ring]] },
          { type: 'Point', coordinates: [1, 2] },
        ],
      },
      properties: { classification: { names: ['a', 'b'], colorRGB: -3670016 } },
    },
  ],
};

const bytesOf = (file: string): Buffer => readFileSync(join(import.meta.dirname, 'golden', file));
const jsonOf = (file: string): unknown => JSON.parse(bytesOf(file).toString());
const ndpa = bytesOf('case.ndpi.ndpa').toString();

/** The slide of the golden files, whatever their format. */
const slide = {
  name: 'case.ndpi',
  format: 'dicom',
  width: 96,
  height: 64,
  mpp: { x: 0.5, y: 0.5, source: 'test' },
  properties: {
    XOffsetFromSlideCentre: '12538720',
    YOffsetFromSlideCentre: '-96063',
    TotalPixelMatrixOrigin: '10\\20',
    ImageOrientationSlide: '0\\-1\\0\\-1\\0\\0',
  },
};

const text =
  (make: (random: Random) => string) =>
  (random: Random): Uint8Array<ArrayBuffer> =>
    new TextEncoder().encode(make(random));
const json = (value: unknown): ((random: Random) => Uint8Array<ArrayBuffer>) =>
  text((random) => JSON.stringify(mutatedJson(value, random)) ?? '');
const binary = (file: string): ((random: Random) => Uint8Array<ArrayBuffer>) => {
  const bytes = bytesOf(file);
  return (random) => mutatedBytes(bytes, random);
};

const targets: [name: string, share: number, make: (random: Random) => Uint8Array<ArrayBuffer>][] = [
  ['ImageScope XML', 0.05, text((random) => mutatedXml(imageScope, random))],
  ['ASAP XML', 0.05, text((random) => mutatedXml(asap, random))],
  ['NDPA', 0.05, text((random) => mutatedXml(ndpa, random))],
  ['GeoJSON', 0.05, json(geoJson)],
  ['HistomicsUI JSON', 0.05, json(jsonOf('dsa.json'))],
  ['COCO', 0.05, json(jsonOf('coco.json'))],
  ['Darwin JSON', 0.05, json(jsonOf('darwin.json'))],
  ['PNG mask', 0.05, binary('palette_mask.png')],
  ['TIFF mask', 0.05, binary('tiled_mask.tif')],
  ['DICOM SEG', 0.05, binary('seg-binary.dcm')],
  ['DICOM SEG in RLE', 0.05, binary('seg-rle.dcm')],
  ['DICOM ANN', 0.05, binary('ann-3d.dcm')],
];

test.each(targets)(
  '%s',
  async (name, share, make) => {
    const counts = await expectSound({
      seed: name.length,
      count: mutantCount(share),
      make,
      read: async (bytes) => {
        const { regions, doubts, notes } = await readAnnotationFile(bytes, 'mutant.xml', slide);
        expect(regions.length).toBeGreaterThan(0);
        expect([...doubts, ...notes].every((sentence) => sentence.length < 1000)).toBe(true);
        for (const { outer, holes } of regions) {
          expect([outer, ...holes].every((points) => points.every((value) => !Number.isNaN(value)))).toBe(
            true,
          );
        }
        structuredClone(regions);
      },
      isTyped: (error) =>
        (error instanceof AnnotationError || error instanceof SlideError) &&
        error.file === 'mutant.xml' &&
        error.remedy !== '' &&
        error.message.length < 2000,
      describe: (bytes) => new TextDecoder('latin1').decode(bytes.subarray(0, 3000)),
    });
    console.info(`${name}: ${JSON.stringify(counts)}`);
    expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(0);
  },
  900_000,
);

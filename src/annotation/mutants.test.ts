/** Mutants of annotation files: each is read, with numbers only, or refused with an AnnotationError. */
import { expect, test } from 'vitest';
import { expectSound, mutantCount, mutatedJson, type Random } from '../base/testing/mutants.ts';
import { mutatedXml } from '../slide/testing/structure-mutants.ts';
import { AnnotationError } from './annotation-file.ts';
import { readAnnotations } from './read-annotations.ts';

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

const targets: [name: string, share: number, make: (random: Random) => string][] = [
  ['ImageScope XML', 0.05, (random) => mutatedXml(imageScope, random)],
  ['ASAP XML', 0.05, (random) => mutatedXml(asap, random)],
  ['GeoJSON', 0.05, (random) => JSON.stringify(mutatedJson(geoJson, random)) ?? ''],
];

test.each(targets)(
  '%s',
  async (name, share, make) => {
    const counts = await expectSound({
      seed: name.length,
      count: mutantCount(share),
      make,
      read: async (text) => {
        const { regions } = readAnnotations(text, 'mutant.xml');
        expect(regions.length).toBeGreaterThan(0);
        for (const { outer, holes } of regions) {
          expect([outer, ...holes].every((points) => points.every((value) => !Number.isNaN(value)))).toBe(
            true,
          );
        }
        structuredClone(regions);
      },
      isTyped: (error) =>
        error instanceof AnnotationError && error.file === 'mutant.xml' && error.remedy !== '',
      describe: (text) => text.slice(0, 3000),
    });
    console.info(`${name}: ${JSON.stringify(counts)}`);
    expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(0);
  },
  900_000,
);

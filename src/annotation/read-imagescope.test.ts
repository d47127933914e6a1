import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AnnotationError } from './annotation-file.ts';
import { parseImageScope, readImageScopeFile, toClassPolygons } from './read-imagescope.ts';
import { rasterise } from './rasterise.ts';
import { writeImageScope } from './write-imagescope.ts';

/** BACH's labels (ICIAR 2018 challenge, part B). Everything else on a slide is normal, 0. */
const bachLabels = { benign: 1, 'in situ': 2, invasive: 3 };

interface RegionText {
  readonly id?: number;
  readonly value?: string;
  readonly text?: string;
  readonly negative?: number;
  readonly type?: number;
  readonly box: readonly [number, number, number, number];
}

function layer(regions: readonly RegionText[]): string {
  const body = regions.map(({ id = 1, value, text = '', negative = 0, type = 0, box }) => {
    const [x0, y0, x1, y1] = box;
    const corners = [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
    ];
    const attributes =
      value === undefined
        ? '<Attributes/>'
        : `<Attributes><Attribute Id="0" Name="0" Value="${value}"/></Attributes>`;
    const vertices = corners.map(([x, y]) => `<Vertex X="${x}" Y="${y}" Z="0"/>`).join('');
    return `<Region Id="${id}" Type="${type}" Text="${text}" NegativeROA="${negative}">${attributes}<Vertices>${vertices}</Vertices></Region>`;
  });
  return `<Annotation Id="1"><Regions><RegionAttributeHeaders/>${body.join('')}</Regions></Annotation>`;
}

const file = (...layers: string[]): string =>
  `<Annotations MicronsPerPixel="0.467">${layers.join('')}</Annotations>`;

const masked = (xml: string): string[] => {
  const polygons = toClassPolygons(parseImageScope(xml, 'a.xml'), bachLabels, 'a.xml');
  const mask = rasterise(polygons, { x: 0, y: 0, width: 4, height: 4 }, 4, 4);
  return [0, 4, 8, 12].map((i) => Array.from(mask.subarray(i, i + 4)).join(''));
};

describe('ImageScope XML', () => {
  it('reads an outline of 200,000 vertices with a hole', () => {
    // A zigzag below the top edge of a square of 4.
    const top = Array.from(
      { length: 200_000 },
      (_, i) => `<Vertex X="${4 - i / 50_000}" Y="${(i % 2) / 1000}"/>`,
    );
    const outline = `<Region><Vertices><Vertex X="0" Y="4"/><Vertex X="4" Y="4"/>${top.join('')}</Vertices></Region>`;
    const xml = file(
      layer([{ value: 'benign', negative: 1, box: [1, 1, 3, 3] }]).replace(
        '<Region ',
        `${outline.replace('<Region>', '<Region Type="0" Text="benign" NegativeROA="0">')}<Region `,
      ),
    );
    expect(masked(xml)).toEqual(['1111', '1001', '1001', '1111']);
  });

  it("prefers the first Attribute's Value to Text, whatever the case", () => {
    const { regions, mpp } = parseImageScope(
      file(
        layer([
          { value: 'In Situ', text: 'benign', box: [0, 0, 1, 1] },
          { value: '', text: 'INVASIVE', box: [0, 0, 1, 1] },
          { text: 'null', box: [0, 0, 1, 1] },
        ]),
      ),
      'a.xml',
    );
    expect(mpp).toBe(0.467);
    expect(regions.map((region) => region.label)).toEqual(['In Situ', 'INVASIVE', '']);
  });

  it('paints classes in file order', () => {
    const xml = file(
      layer([
        { value: 'Benign', box: [0, 0, 4, 4] },
        { value: 'IN SITU', box: [1, 1, 4, 4] },
        { text: 'invasive', box: [2, 2, 4, 4] },
      ]),
    );
    expect(masked(xml)).toEqual(['1111', '1222', '1233', '1233']);
  });

  it('cuts negative regions out of their own layer only', () => {
    const xml = file(
      layer([{ value: 'benign', box: [0, 0, 4, 4] }]),
      layer([
        { value: 'invasive', box: [0, 0, 3, 3] },
        { negative: 1, box: [1, 1, 2, 2] },
      ]),
    );
    expect(masked(xml)).toEqual(['3331', '3131', '3331', '1111']);
  });

  it('does not paint what is in a hole of another region of the layer', () => {
    const xml = file(
      layer([
        { value: 'benign', box: [0, 0, 2, 4] },
        { value: 'invasive', box: [2, 0, 4, 4] },
        { negative: 1, box: [0, 1, 1, 2] },
      ]),
    );
    expect(masked(xml)).toEqual(['1133', '0133', '1133', '1133']);
  });

  it('reads an ellipse from its box', () => {
    const xml = file(layer([{ value: 'benign', type: 2, box: [0, 0, 4, 4] }]));
    expect(masked(xml)).toEqual(['0110', '1111', '1111', '0110']);
  });

  it('names file, region and label of an unknown label', () => {
    const xml = file(layer([{ id: 17, value: 'Necrosis', box: [0, 0, 1, 1] }]));
    expect(() => masked(xml)).toThrow(/a\.xml: Region 17 .*"Necrosis"/);
    const odd = file(layer([{ value: 'constructor', box: [0, 0, 1, 1] }]));
    expect(() => masked(odd)).toThrow(AnnotationError);
  });

  it('rejects other XML, and any document type', () => {
    expect(() => parseImageScope('no xml', 'b.xml')).toThrow(/^b\.xml: /);
    expect(() => parseImageScope('<Annotations><Region></Annotations>', 'b.xml')).toThrow(/not well-formed/);
    expect(() => parseImageScope('<a/>', 'b.xml')).toThrow(/no <Annotations>/);
    const evil =
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><Annotations><Annotation>&x;</Annotation></Annotations>';
    expect(() => parseImageScope(evil, 'b.xml')).toThrow(/document type/);
    const hollow =
      '<Annotations><Annotation><Regions><Region Id="4"><Vertices><Vertex X="1"/></Vertices></Region></Regions></Annotation></Annotations>';
    const read = parseImageScope(hollow, 'b.xml');
    expect(() => toClassPolygons(read, bachLabels, 'b.xml')).toThrow(/Region 4 .*vertex/);
  });

  it.each(['1e999', '-Infinity', 'NaN', '0x', '1e300', ''])(
    'leaves out and names a region with the coordinate "%s", and masks nothing without it',
    (value) => {
      const good = { value: 'benign', box: [0, 0, 2, 2] as [number, number, number, number] };
      const xml = file(layer([good, { ...good, id: 7 }, good])).replace(
        /(Id="7".*?X=")[^"]*/s,
        (_, head: string) => `${head}${value}`,
      );
      const read = readImageScopeFile(xml, 'a.xml');
      expect(read.regions).toHaveLength(2);
      expect(read.refused).toEqual([
        { id: '7', problem: 'Region 7 has a vertex without a valid number for X or Y.' },
      ]);
      expect(() => masked(xml)).toThrow(/^a\.xml: Region 7 /);
    },
  );

  it('takes no resolution that is not finite', () => {
    expect(parseImageScope('<Annotations MicronsPerPixel="1e999"></Annotations>', 'a.xml').mpp).toBeNull();
  });

  it('reads back what it writes, including special characters in labels', () => {
    const points = [1.5, 2, 30.25, 2, 30.25, 40.125];
    const xml = writeImageScope(
      [
        { label: 'In situ <"&\'>', points },
        { label: 'x', points, isNegative: true },
      ],
      0.5,
    );
    const { mpp, regions } = parseImageScope(xml, 'c.xml');
    expect(mpp).toBe(0.5);
    expect(regions.map((region) => region.label)).toEqual(['In situ <"&\'>', 'x']);
    expect(regions.map((region) => region.isNegative)).toEqual([false, true]);
    expect(Array.from(regions[0]!.points)).toEqual(points);
  });
});

const folder = '../shared/data/annotations/imagescope';
// Not part of the repository: the test is skipped without them.
describe.skipIf(!existsSync(folder))(`real files in ${folder}`, () => {
  it('reads one of 521 nuclei without labels', () => {
    const name = 'TCGA-AC-A2FO-01A-01-TS1.xml';
    const { mpp, regions } = parseImageScope(readFileSync(`${folder}/${name}`, 'utf8'), name);
    expect(mpp).toBe(0.248);
    expect(regions).toHaveLength(521);
    expect(Array.from(regions[0]!.points.subarray(0, 4))).toEqual([66, 47, 63, 49]);
    expect(regions.every((region) => region.label === '' && region.layer === 0)).toBe(true);
  });

  it('reads one of several shapes, and rejects its labels as BACH labels', () => {
    const name = 'CMU-1-JP2K-33005.xml';
    const read = parseImageScope(readFileSync(`${folder}/${name}`, 'utf8'), name);
    expect(read.mpp).toBe(0.2521);
    expect(read.regions.map((region) => region.label).slice(0, 3)).toEqual(['', 'Necrosis', 'Fold']);
    expect(() => toClassPolygons(read, bachLabels, name)).toThrow(/Region 1 /);
  });
});

it('reads HALO: shapes by name, vertices called V, negative regions as holes', () => {
  const region = (type: string, negative: number, points: string): string =>
    `<Region Type="${type}" HasEndcaps="0" NegativeROA="${negative}"><Vertices>${points}</Vertices></Region>`;
  const v = (x: number, y: number): string => `<V X="${x}" Y="${y}"/>`;
  const xml = `<Annotations><Annotation LineColor="255" Name="Tumor" Visible="True"><Regions>${[
    region('Polygon', 0, v(0, 0) + v(100, 0) + v(100, 100) + v(0, 100)),
    region('Polygon', 1, v(20, 20) + v(40, 20) + v(40, 40) + v(20, 40)),
    region('Rectangle', 0, v(200, 0) + v(250, 40)),
    region('Ruler', 0, v(0, 0) + v(9, 9)),
  ].join('')}</Regions></Annotation></Annotations>`;
  const read = readImageScopeFile(xml, 'halo.annotations');
  expect(read.regions.map(({ label, holes }) => [label, holes.length])).toEqual([
    ['Tumor', 1],
    ['Tumor', 0],
  ]);
  expect([...read.regions[1]!.outer]).toEqual([200, 0, 250, 0, 250, 40, 200, 40]);
  expect(read.leftOut).toBe(1);
});

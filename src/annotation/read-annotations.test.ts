import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AnnotationError, classOfLabel, labelCounts, paintedAreas } from './annotation-file.ts';
import { rasterise } from './rasterise.ts';
import { readAnnotations } from './read-annotations.ts';

const asapPoint = (x: number | string, y: number, order: number): string =>
  `<Coordinate Order="${order}" X="${x}" Y="${y}" />`;

interface AsapText {
  readonly name?: string;
  readonly type?: string;
  readonly group?: string;
  readonly points: string;
}

const asap = (...annotations: AsapText[]): string =>
  `<?xml version="1.0"?><ASAP_Annotations><Annotations>${annotations
    .map(
      ({ name = 'Annotation 0', type = 'Polygon', group = 'None', points }) =>
        `<Annotation Name="${name}" Type="${type}" PartOfGroup="${group}" Color="#F4FA58"><Coordinates>${points}</Coordinates></Annotation>`,
    )
    .join('')}</Annotations><AnnotationGroups /></ASAP_Annotations>`;

/** A square of side 2 from (1, 1), its corners written out of order. */
const square = asapPoint(3, 3, 2) + asapPoint(1, 1, 0) + asapPoint(3, 1, 1) + asapPoint(1, 3, 3);

function picture(text: string, classNames: readonly string[]): string[] {
  const { regions } = readAnnotations(text, 'a');
  const areas = paintedAreas(regions, (label) => classOfLabel(label, classNames));
  const mask = rasterise(areas, { x: 0, y: 0, width: 4, height: 4 }, 4, 4);
  return [0, 4, 8, 12].map((i) => Array.from(mask.subarray(i, i + 4)).join(''));
}

describe('ASAP XML', () => {
  it('takes the group as label, else a custom name', () => {
    const file = readAnnotations(
      asap(
        { group: 'Tumour', points: square },
        { name: 'in situ', type: 'Rectangle', points: square },
        { type: 'Spline', points: square },
        { type: 'Dot', points: asapPoint(1, 1, 0) },
      ),
      'a.xml',
    );
    expect(file).toMatchObject({ format: 'asap', mpp: null, leftOut: 1 });
    expect(file.regions.map(({ label }) => label)).toEqual(['Tumour', 'in situ', '']);
    expect(file.regions[0]!.colour).toBe('#F4FA58');
  });

  it('sorts the corners by their order', () => {
    expect(picture(asap({ group: 'In-Situ', points: square }), ['normal', 'benign', 'in situ'])).toEqual([
      '0000',
      '0220',
      '0220',
      '0000',
    ]);
  });

  it('names the file and the region at fault', () => {
    const broken = asap({ name: 'Metastasis 7', points: square + asapPoint('', 1, 4) });
    expect(() => readAnnotations(broken, 'b.xml')).toThrow(/^b\.xml: Region "Metastasis 7" .*X or Y/);
    const both = readAnnotations(
      asap({ name: 'Metastasis 7', points: square + asapPoint('1e999', 1, 4) }, { points: square }),
      'b',
    );
    expect(both.regions).toHaveLength(1);
    expect(both.refused).toEqual([
      { id: 'Metastasis 7', problem: expect.stringMatching(/"Metastasis 7" .*X or Y/) as string },
    ]);
    const pointOnly = asap({ type: 'PointSet', points: square });
    expect(() => readAnnotations(pointOnly, 'b.xml')).toThrow('b.xml: It has no region with an area.');
    expect(() => readAnnotations(asap({ points: square }).slice(0, -20), 'b.xml')).toThrow(/not well-formed/);
    const evil = `<!DOCTYPE a [<!ENTITY x "y">]>${asap({ points: square })}`;
    expect(() => readAnnotations(evil, 'b.xml')).toThrow(/document type/);
  });
});

describe('GeoJSON of several programs', () => {
  const ring = [
    [0, 0],
    [4, 0],
    [4, 4],
    [0, 4],
    [0, 0],
  ];
  const hole = [
    [1, 1],
    [3, 1],
    [3, 3],
    [1, 3],
    [1, 1],
  ];
  const geometry = { type: 'Polygon', coordinates: [ring, hole] };
  const withClass = (classification: object): string =>
    JSON.stringify({ type: 'Feature', geometry, properties: { classification } });

  it('keeps holes', () => {
    expect(picture(withClass({ name: 'benign', color: [1, 2, 3] }), ['normal', 'benign'])).toEqual([
      '1111',
      '1001',
      '1001',
      '1111',
    ]);
  });

  it('reads classes as old and new QuPath write them', () => {
    const first = (text: string): unknown => readAnnotations(text, 'a').regions[0];
    expect(first(withClass({ name: 'Tumor', color: [200, 0, 16] }))).toMatchObject({
      label: 'Tumor',
      colour: '#c80010',
    });
    // −3670016 is 0xffc80000.
    expect(first(withClass({ name: 'Tumor', colorRGB: -3670016 }))).toMatchObject({ colour: '#c80000' });
    expect(first(withClass({ names: ['Tumor', 'Positive'], color: [1, 2, 3] }))).toMatchObject({
      label: 'Tumor: Positive',
    });
  });

  it('reads geometry alone and collections of it', () => {
    expect(readAnnotations(JSON.stringify(geometry), 'a').regions).toHaveLength(1);
    const collection = { type: 'GeometryCollection', geometries: [geometry, { type: 'Point' }, geometry] };
    expect(readAnnotations(JSON.stringify(collection), 'a').regions).toHaveLength(2);
  });
});

describe('annotations of any format', () => {
  it('are recognised by content', () => {
    const imageScope =
      '\uFEFF<Annotations><Annotation Name="Invasive" LineColor="255"><Regions><Region Id="1" Type="1"><Vertices><Vertex X="0" Y="0"/><Vertex X="2" Y="1"/><Vertex X="1" Y="2"/></Vertices></Region></Regions></Annotation></Annotations>';
    expect(readAnnotations(imageScope, 'a').regions[0]).toMatchObject({
      label: 'Invasive',
      colour: '#ff0000',
    });
    expect(readAnnotations(imageScope, 'a').format).toBe('imagescope');
    expect(readAnnotations(asap({ points: square }), 'a').format).toBe('asap');
    expect(() => readAnnotations('x,y\n1,2', 'c.csv')).toThrow(AnnotationError);
    expect(() => readAnnotations('x,y\n1,2', 'c.csv')).toThrow('c.csv: It is neither XML nor JSON.');
  });

  it('match labels by name, regardless of case and spelling', () => {
    const names = ['normal', 'benign', 'in situ', 'invasive'];
    expect(
      ['In_Situ', 'INVASIVE', 'insitu', 'tumour', ''].map((label) => classOfLabel(label, names)),
    ).toEqual([2, 3, 2, null, null]);
  });
});

const folder = '../shared/data';
// Not part of the repository: the test is skipped without them.
describe.skipIf(!existsSync(`${folder}/annotations`))(`real files in ${folder}`, () => {
  const read = (path: string): ReturnType<typeof readAnnotations> =>
    readAnnotations(readFileSync(`${folder}/${path}`, 'utf8'), path);

  it('reads ASAP: a CAMELYON16 slide and a polygon', () => {
    const { regions, leftOut } = read('annotations/asap/camelyon16_tumor_085.xml');
    expect(Object.fromEntries(labelCounts(regions))).toEqual({ metastasis: 50 });
    expect(leftOut).toBe(0);
    expect(regions.reduce((sum, { outer }) => sum + outer.length / 2, 0)).toBe(7220);
    expect(Array.from(regions[0]!.outer.subarray(0, 2))).toEqual([28582.5, 33885.3008]);
    expect(read('annotations/asap/asap-polygon.xml').regions[0]!.outer).toHaveLength(12);
    expect(() => read('annotations/asap/asap-dot.xml')).toThrow(/no region with an area/);
  });

  it('reads ImageScope: nuclei in named layers', () => {
    const { regions, mpp } = read('slides/aperio-imagescope/A9K0_1.xml');
    expect([...labelCounts(regions).keys()]).toEqual(['Epithelial', 'Macrophage']);
    expect(regions).toHaveLength(321);
    expect(mpp).toBeCloseTo(0.19448, 3);
    expect(read('annotations/imagescope/CMU-1-JP2K-33005.xml').regions.map(({ label }) => label)).toContain(
      'Necrosis',
    );
  });

  it('reads QuPath: brush, ellipse, wand, and a bare geometry', () => {
    for (const name of ['brush', 'ellipse', 'polygon', 'rectangle', 'wand']) {
      expect(read(`annotations/qupath-geojson/qupath-${name}.json`).regions).toHaveLength(1);
    }
    expect(read('annotations/qupath-geojson/qupath_polygon.geojson').regions.length).toBeGreaterThan(0);
    expect(() => read('annotations/qupath-geojson/qupath-line.json')).toThrow(/no polygon/);
  });
});

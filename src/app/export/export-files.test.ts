import { describe, expect, it } from 'vitest';
import { createConfusionMatrix } from '../../evaluation/confusion-matrix.ts';
import { metricsOf } from '../../evaluation/metrics.ts';
import { LiveClassMap } from '../overlay/class-map-store.ts';
import { parsePreferences } from '../state/preferences.ts';
import { initialState, reduce } from '../state/reducer.ts';
import type { AppState } from '../state/state.ts';
import type { Figures } from '../truth/figures-session.ts';
import { sampleClassMap, stripsOf } from './class-map-strips.ts';
import { areasCsv, figuresJson, metricsCsv } from './export-files.ts';
import { overlayOf, parseSession, sessionText, truthOf } from './session-file.ts';

const slide = { width: 75, height: 35 };

/** Two of six cells of 4 × 4 pixels over 40 × 20 level-0 pixels. */
function twoCells(): LiveClassMap {
  const map = new LiveClassMap();
  const confidence = new Uint8Array(16);
  const cell = (x: number, y: number, value: number): void =>
    map.add(
      {
        column: x / 40,
        row: y / 20,
        rect: { x, y, width: 40, height: 20 },
        size: 4,
        classes: new Uint8Array(16).fill(value),
        confidence,
      },
      slide,
    );
  cell(0, 0, 1);
  cell(40, 20, 2);
  return map;
}

describe("the page's class map", () => {
  it('is read in strips of the whole slide', () => {
    const strips = stripsOf(twoCells(), slide)!;
    expect([strips.width, strips.height, strips.scale]).toEqual([8, 7, { x: 10, y: 5 }]);
    const rows = strips.read(3, 2).classes;
    expect([...rows]).toEqual([1, 1, 1, 1, 255, 255, 255, 255, 255, 255, 255, 255, 2, 2, 2, 2]);
    expect(stripsOf(new LiveClassMap(), slide)).toBeNull();
  });

  it('can be sampled at any size', () => {
    expect([...sampleClassMap(twoCells(), slide, 2, 2)]).toEqual([1, 255, 255, 2]);
  });
});

const confusion = createConfusionMatrix(2);
confusion.counts.set([6, 2, 1, 7]);
const figures: Figures = {
  extent: 'slide',
  title: 'M',
  classes: [
    { name: 'normal', background: true, pixels: 9, mm2: 0.9, shareOfTissue: 0.75 },
    { name: 'in "situ"', background: false, pixels: 9, mm2: 0.1, shareOfTissue: 0.25 },
  ],
  segmentedMm2: 1,
  tissueMm2: 0.4,
  comparison: { confusion, metrics: metricsOf(confusion), mm2: 1 },
  otherClasses: false,
};

describe('measurement files', () => {
  it('are CSV with a row per class', () => {
    expect(areasCsv(figures).split('\r\n')[2]).toBe('"in ""situ""",false,9,0.100000,25.0000');
    expect(metricsCsv(figures)!.split('\r\n').slice(0, 2)).toEqual([
      'truth,predicted normal,"predicted in ""situ""",iou',
      'normal,6,2,0.666667',
    ]);
    expect(metricsCsv({ ...figures, comparison: null })).toBeNull();
  });

  it('are JSON with all values, marked for research use only', () => {
    const context = {
      slide: 's',
      fingerprint: 'f',
      layer: 'M',
      modelCheck: 'overridden',
      truth: 't.xml',
      warning: null,
      objects: null,
      umPerPx: null,
      date: 'd',
    } as const;
    expect(JSON.parse(figuresJson(figures, context))).toMatchObject({
      notice: 'Research use only. Not for diagnosis.',
      layer: 'M',
      modelCheck: 'overridden',
      comparison: {
        confusion: [
          [6, 2],
          [1, 7],
        ],
        accuracy: 13 / 16,
      },
    });
  });
});

describe('a session file', () => {
  const opened = {
    type: 'slide-opened',
    slideId: 1,
    choice: { key: 'k', title: 's.svs', input: { kind: 'file', files: [] } },
    metadata: { name: 's.svs', fingerprint: 'abc', ...slide } as never,
    userMpp: { x: 0.25, y: 0.25, source: 'user' },
  } as const;
  const shape = { id: '1', label: 'benign', outer: [0, 0, 9, 0, 9, 9], holes: [[1, 1, 2, 1, 2, 2]] };
  const state: AppState = [
    opened,
    { type: 'layout', count: 2 } as const,
    { type: 'choose-layer', layer: { kind: 'truth' }, paneId: 'B' } as const,
    { type: 'overlay', change: { fillOpacity: 0.7 } } as const,
    { type: 'annotate', action: { kind: 'add', annotations: [shape] } } as const,
  ].reduce(reduce, initialState(parsePreferences(null)));
  const place = { x: 0.4, y: 0.3, scale: 0.5, rotation: 90, flip: false };
  const truth = {
    source: 'file' as const,
    name: 't.xml',
    outside: 'background' as const,
    regions: [{ id: '1', label: 'x', colour: null, outer: Float64Array.of(1, 2, 3, 4, 5, 6), holes: [] }],
  };

  it('round-trips, and contains no path of the slide', () => {
    const { session, leftOut } = parseSession(
      sessionText(state, { places: new Map([['A', place]]), truth })!,
    )!;
    expect(leftOut).toEqual([]);
    expect(session.slide).toEqual({
      fingerprint: 'abc',
      name: 's.svs',
      url: null,
      mpp: 0.25,
      channels: null,
    });
    expect(session.panes.map(({ layer, view }) => [layer, view])).toEqual([
      ['none', place],
      ['truth', null],
    ]);
    expect(overlayOf(session.panes[0]!)).toMatchObject({ fillOpacity: 0.7, fill: true });
    expect(session.annotations).toEqual([shape]);
    expect(truthOf(session)!.regions[0]!.outer).toEqual(truth.regions[0]!.outer);
  });

  it('is rejected if of another kind, and invalid overlay settings are ignored', () => {
    expect(parseSession('{"format":"dualscope-session","version":2}')).toBeNull();
    expect(parseSession('nonsense')).toBeNull();
    const text = sessionText(state, { places: new Map(), truth: null })!;
    const odd = parseSession(text.replace('"fillOpacity":0.7', '"fillOpacity":"7"'))!;
    expect(overlayOf(odd.session.panes[0]!)).not.toHaveProperty('fillOpacity');
  });

  /** The session of above with some of its text replaced. */
  const changed = (...changes: readonly (readonly [from: string | RegExp, to: string])[]) => {
    const text = sessionText(state, { places: new Map([['A', place]]), truth })!;
    return parseSession(changes.reduce((all, [from, to]) => all.replace(from, to), text));
  };

  it('with invalid parts opens with the rest, and names them', () => {
    const { session, leftOut } = changed(
      // As JSON.stringify writes Infinity, and as nobody does.
      ['"annotations":[', '"annotations":[{"id":"2","label":"scar","outer":[null,0,1,1,2,2],"holes":[]},7,'],
      ['"regions":[', '"regions":[{"id":"9","label":"","outer":[1e999,0,1,1,2,2],"holes":[]},'],
      ['"url":null', '"url":"http://["'],
      ['"mpp":0.25', '"mpp":1e300'],
      ['"link":"linked"', '"link":"chained"'],
      ['"x":0.4', '"x":1e999'],
    )!;
    expect(session.annotations).toEqual([shape]);
    expect(truthOf(session)!.regions).toHaveLength(1);
    expect(session).toMatchObject({
      slide: { url: null, mpp: null },
      link: 'linked',
      panes: [{ view: null }, {}],
    });
    expect([...leftOut].sort()).toEqual([
      'address of the slide',
      'annotation 1 ("scar")',
      'annotation 2',
      'ground truth region 1',
      'link of the panes',
      'resolution',
      'view of pane A',
    ]);
  });

  it('limits its views', () => {
    const { session } = changed(
      ['"x":0.4', '"x":1e200'],
      ['"y":0.3', '"y":-1e200'],
      ['"scale":0.5', '"scale":1e300'],
      ['"rotation":90', '"rotation":-1e9'],
    )!;
    expect(session.panes[0]!.view).toEqual({ x: 1e5, y: -1e5, scale: 1e3, rotation: 80, flip: false });
    expect(changed(['"scale":0.5', '"scale":1e-20'])!.session.panes[0]!.view!.scale).toBe(1e-8);
  });

  it('never throws, whichever part is missing or of another type', () => {
    const session = JSON.parse(sessionText(state, { places: new Map([['A', place]]), truth })!) as object;
    for (const key of Object.keys(session)) {
      for (const value of [undefined, null, 7, 'x', [], [null], {}, [[[]]]]) {
        const parsed = parseSession(JSON.stringify({ ...session, [key]: value }));
        const isFrame = ['format', 'version', 'slide'].includes(key);
        if (isFrame) expect(parsed).toBeNull();
        else expect(parsed!.session.slide.fingerprint).toBe('abc');
      }
    }
  });
});

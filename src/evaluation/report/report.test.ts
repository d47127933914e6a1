import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { calibrationOf, createConfidenceBins } from '../calibration.ts';
import { addPixels, createConfusionMatrix } from '../confusion-matrix.ts';
import { metricsOf } from '../metrics.ts';
import { evaluationReport } from './evaluation-report.ts';
import { duration, percent, whole } from './figures.ts';
import { condensed, lineChart, roundTicks } from './line-chart.ts';
import { markup, safePicture } from './markup.ts';
import { classPicture } from './pictures.ts';
import { trainingReport, type TrainingReport } from './training-report.ts';

const evil = '"><script>alert(1)</script>\'&';
const classes = [
  { name: evil, colour: '#999999' },
  { name: 'benign', colour: '#009E73' },
];
const matrix = createConfusionMatrix(2);
addPixels(matrix, Uint8Array.of(0, 0, 0, 1), Uint8Array.of(0, 0, 1, 1));
const calibration = calibrationOf(createConfidenceBins());
const picture = classPicture(Uint8Array.of(0, 1, 1, 7), 2, 2, ['#999999', '#009E73']);

const run: TrainingReport = {
  id: evil,
  title: evil,
  description: evil,
  state: evil,
  intendedUse: evil,
  classes,
  config: { [evil]: evil, optimiser: { momentum: 0.9 }, classes, list: [1, 2], none: null },
  data: [{ name: evil, images: 3, patients: [evil] }],
  losses: [
    { step: 1, loss: 1.5 },
    { step: 2, loss: 0.5 },
  ],
  validation: [{ step: 2, loss: 0.75, iou: [0.5, null], miou: 0.5, accuracy: 0.75 }],
  keptStep: 2,
  confusion: matrix,
  calibration,
  examples: [
    { name: evil, slice: picture, context: null, truth: picture, prediction: picture, accuracy: 0.25 },
  ],
  cost: [[evil, evil]],
  environment: [[evil, evil]],
  date: evil,
  codeVersion: evil,
};

/** The page's tree; void tags are closed first, which HTML does not require. */
function treeOf(page: string): unknown {
  const xml = page.replace('<!doctype html>', '').replace(/<(meta|img)([^>]*)>/g, '<$1$2/>');
  expect(XMLValidator.validate(xml)).toBe(true);
  return new XMLParser({ ignoreAttributes: false }).parse(xml);
}

describe('a report', () => {
  const pages = {
    training: trainingReport(run),
    evaluation: evaluationReport({
      model: evil,
      title: evil,
      intendedUse: evil,
      data: evil,
      classes,
      confusion: matrix,
      calibration,
      images: [{ ...metricsOf(matrix), image: evil, patient: evil, broken: 0 }],
      settings: [[evil, evil]],
      date: evil,
      codeVersion: evil,
    }),
  };

  for (const [name, page] of Object.entries(pages)) {
    it(`of ${name} escapes everything and loads nothing`, () => {
      treeOf(page);
      expect(page).not.toContain('<script');
      expect(page).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;');
      expect(page).toContain(
        `content="default-src &#39;none&#39;; img-src data:; style-src &#39;unsafe-inline&#39;"`,
      );
      expect(page).not.toMatch(/(src|href)="(?!data:image\/png;base64,)/);
      expect(page).not.toMatch(/url\(|@import|https?:/);
      expect(page).toContain('Research use only.');
    });
  }

  it('has the figures', () => {
    // IoU: 2 of {0, 1, 2} and 1 of {2, 3}; mean 7/12; three of four right.
    expect(pages.training).toContain('<dt>mIoU</dt><dd>0.583</dd>');
    expect(pages.training).toContain('<dt>Pixel accuracy</dt><dd>0.750</dd>');
    expect(pages.training).toMatch(/title="2 pixels">66\.7 %</);
    expect(pages.training).toContain('<dt>optimiser.momentum</dt><dd>0.9</dd>');
    expect(pages.training).toContain('weights of step 2 were kept');
    expect(pages.evaluation).toContain('<td>0.583</td><td>0.750</td>');
  });

  it('omits what was not measured', () => {
    const bare = { ...run, validation: [], confusion: null, calibration: null, keptStep: null, examples: [] };
    const page = trainingReport({ ...bare, losses: [] });
    treeOf(page);
    expect(page).not.toContain('Confusion matrix');
    expect(trainingReport(bare)).toContain('<dt>Last training loss</dt><dd>0.500</dd>');
  });

  it('rejects invalid colours and pictures', () => {
    const red = [classes[0]!, { name: 'x', colour: 'red;background:url(//a)' }];
    expect(() => trainingReport({ ...run, classes: red })).toThrow(/not a colour/);
    expect(() => safePicture('https://example.org/a.png')).toThrow(/data URLs/);
    expect(() => safePicture('data:image/svg+xml;base64,AAAA')).toThrow(RangeError);
  });
});

describe('a chart', () => {
  it('puts points where the axes say, and leaves a gap for null', () => {
    const { text } = lineChart({
      label: 'a',
      xName: 'x',
      yName: 'y',
      yMax: 1,
      series: [
        {
          name: 'abcde',
          colour: 'red',
          points: [
            { x: 0, y: 0 },
            { x: 1, y: null },
            { x: 2, y: 1 },
            { x: 4, y: 0.5 },
          ],
        },
      ],
    });
    // From 46 to 560 − 30 − 5 · 6.8 = 496 across, from 240 up to 26.
    expect(text).toContain('d="M46.0 240.0M271.0 26.0L496.0 133.0"');
  });

  it('has round ticks', () => {
    expect(roundTicks(0, 1.7, 5)).toEqual([0, 0.5, 1, 1.5, 2]);
    expect(roundTicks(1, 2000, 6)).toEqual([0, 500, 1000, 1500, 2000]);
    expect(roundTicks(3, 3, 5)).toEqual([3, 4]);
  });

  it('condenses long curves to means with their range', () => {
    const points = [1, 2, 3, 4, 5].map((x) => ({ x, y: x * x }));
    expect(condensed(points, 2)).toEqual([
      { x: 2, y: 14 / 3, low: 1, high: 9 },
      { x: 4.5, y: 20.5, low: 16, high: 25 },
    ]);
    expect(condensed(points, 5)).toEqual(points);
  });
});

describe('parts', () => {
  it('format numbers for reading', () => {
    expect([whole(1234567), whole(999), percent(0.1234), percent(null)]).toEqual([
      '1\u202f234\u202f567',
      '999',
      '12.3 %',
      '–',
    ]);
    expect([duration(12.34), duration(250), duration(11520)]).toEqual(['12.3 s', '4 min 10 s', '3 h 12 min']);
  });

  it('draw class maps in their colours, other values black', () => {
    const { data } = decode(Buffer.from(picture.split(',')[1]!, 'base64'));
    expect([...data]).toEqual([0x99, 0x99, 0x99, 0, 0x9e, 0x73, 0, 0x9e, 0x73, 0, 0, 0]);
  });

  it('escape in lists and attributes, once', () => {
    expect(markup`<a title="${'"'}">${[markup`${'<'}`, markup`&amp;`]}${null}</a>`.text).toBe(
      '<a title="&quot;">&lt;&amp;</a>',
    );
  });
});

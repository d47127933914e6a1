/**
 * Every place where text from files ends up, with strings that have broken encodings before. Each sink has one encoder:
 * HTML and SVG `evaluation/report/markup.ts`, CSV `base/csv.ts`, terminal and logs `base/terminal-text.ts`, shell
 * `base/shell-word.ts`, file names `base/file-name.ts`, URLs `base/url-path.ts`, paths `base/path-bytes.ts`.
 */
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XMLValidator } from 'fast-xml-parser';
import sharp from 'sharp';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { readAnnotations } from '../annotation/read-annotations.ts';
import { geoJsonFile } from '../annotation/write-geojson.ts';
import { writeImageScope } from '../annotation/write-imagescope.ts';
import { fileStem } from '../base/file-name.ts';
import { hostileStrings } from '../base/hostile-strings.ts';
import { readCsv } from '../base/read-csv.ts';
import { cohortRows } from '../cohort/cohort-row.ts';
import { cohortCsv, cohortJson, columnWord } from '../cohort/cohort-table.ts';
import { galleryPages } from '../cohort/gallery/gallery.ts';
import { appLink } from '../cohort/gallery/slide-card.ts';
import { galleryScript } from '../cohort/gallery/page-assets.ts';
import { planSchema, type CohortPlan } from '../cohort/request.ts';
import { slideId } from '../cohort/slide-id.ts';
import { testFigures, testPlan } from '../cohort/testing.ts';
import { calibrationOf, createConfidenceBins } from '../evaluation/calibration.ts';
import { addPixels, createConfusionMatrix } from '../evaluation/confusion-matrix.ts';
import { imagesTable, metricsTable } from '../evaluation/metrics-table.ts';
import { metricsOf } from '../evaluation/metrics.ts';
import { evaluationReport } from '../evaluation/report/evaluation-report.ts';
import { lineChart } from '../evaluation/report/line-chart.ts';
import { areaCsv, areaTable, confidenceSummary } from '../export/map-figures.ts';
import { reportText } from './cohort/report.ts';
import { printedBy } from './segment-testing.ts';
import { addSlideCommand } from './slide.ts';
import { notify, print, printJson, warn } from './terminal.ts';

/** jsdom has no types; this is all that is used. */
interface ParsedPage {
  readonly window: { readonly document: Document };
}
const { JSDOM } = createRequire(import.meta.url)('jsdom') as { JSDOM: new (html: string) => ParsedPage };

const strings = Object.entries(hostileStrings);
const folder = mkdtempSync(join(tmpdir(), 'dualscope-sinks-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** As on disk: halves of surrogate pairs become U+FFFD. */
const onDisk = (text: string): string => Buffer.from(text).toString();
/** What a page shows for a text: HTML reads CR as LF, and our encoder replaces what must not be there. */
const shown = (text: string): string =>
  onDisk(text)
    .replace(/[^\P{Cc}\t\n\r]|[\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu, '\ufffd')
    .replace(/\r\n?/g, '\n');
/** What would act on a terminal, line breaks apart. */
const acts = /[^\P{Cc}\n]|[\p{Cs}\u2028-\u202e\u2066-\u2069]/u;

/** Everything in a page that could run or load something. */
function harmless(html: string, ownScript: string | null): Document {
  const { document } = new JSDOM(html).window;
  const scripts = [...document.querySelectorAll('script')];
  expect(scripts.map(({ textContent }) => textContent)).toEqual(ownScript === null ? [] : [ownScript]);
  const ours = new Set(
    'html head meta title style body header div h1 h2 h3 p dl dt dd span strong form label input fieldset legend small select option output main section ul li a img table caption thead tbody tr th td svg rect g line path text circle polyline polygon footer script details summary code nav figure figcaption'.split(
      ' ',
    ),
  );
  for (const element of document.querySelectorAll('*')) {
    expect(ours).toContain(element.localName);
    for (const { name, value } of element.attributes) {
      expect(name).not.toMatch(/^on|^srcdoc$|^formaction$/);
      if (/^(src|href|action|xlink:href)$/.test(name)) {
        expect(value).toMatch(
          /^(https?:\/\/(localhost|example\.org)[:/]|\.\.\/|index\.html|page-\d+\.html|data:image\/png;)/,
        );
      }
      if (name === 'style') expect(value).not.toMatch(/url\(|expression|[{}]/);
    }
  }
  return document;
}

/** A cohort in which every text is hostile. */
async function planOf(text: string): Promise<CohortPlan> {
  const id = await slideId(text);
  const colours = { colour: '#999999', background: false };
  return planSchema.parse({
    ...testPlan,
    title: text,
    version: text,
    slidesUrl: 'https://example.org/slides/',
    model: {
      ...testPlan.model,
      id: text,
      title: text,
      hash: text,
      intendedUse: text,
      classes: [
        { name: text, ...colours },
        { name: `${text}!`, ...colours },
      ],
    },
    slides: [
      { id, source: `/data/${text}`, name: text, place: text, shards: 1, key: 'k' },
      { id: `${id}-x`, source: text, name: text, place: null, shards: 1, key: 'other' },
    ],
  });
}

const rowsOf = (plan: CohortPlan, text: string) =>
  cohortRows(plan, () => ({
    key: 'k',
    status: 'partial',
    error: text,
    figures: {
      ...testFigures,
      backend: text,
      areas: [text, `${text}!`].map((name, i) => ({
        class: name,
        background: false,
        areaMm2: i + 1,
        percentOfTissue: i + 2,
      })),
    },
  }));

const texts = strings.map(([, text]) => text);
const all = texts.join(' | ');
const everyClass = texts.map((name) => ({ name, colour: '#0072B2', background: false }));

it('is text in the gallery', async () => {
  const plan = planSchema.parse({
    ...(await planOf(all)),
    model: { ...testPlan.model, title: all, intendedUse: all, hash: all, id: all, classes: everyClass },
    slides: await Promise.all(
      texts.map(async (text) => ({
        id: await slideId(text),
        source: `/data/${text}`,
        name: text,
        place: text,
        shards: 1,
        key: text,
      })),
    ),
  });
  const areas = texts.map((name, i) => ({
    class: name,
    background: false,
    areaMm2: i,
    percentOfTissue: 1,
  }));
  const keys = new Map(plan.slides.map(({ id, name }) => [id, name]));
  const rows = cohortRows(plan, (id) => {
    const text = keys.get(id) ?? '';
    return {
      key: text,
      status: 'partial',
      error: text,
      figures: { ...testFigures, areas: text === texts[0] ? areas : [] },
    };
  });
  const [index = ''] = (await galleryPages(plan, rows)).values();
  const document = harmless(onDisk(index), galleryScript);
  const textsOf = (selector: string): string[] =>
    [...document.querySelectorAll(selector)].map((element) => element.textContent);
  expect(document.querySelector('h1')?.textContent).toBe(shown(all));
  expect(textsOf('h3').sort()).toEqual(texts.map(shown).sort());
  expect(textsOf('p.error').sort()).toEqual(texts.map(shown).sort());
  expect(textsOf('tbody th')).toEqual(texts.map(shown));
  // The app gets the slide's address: its place, byte for byte.
  for (const [i, text] of texts.entries()) {
    const link = appLink(plan, rows[i]!);
    if (link === null) continue;
    const slide = new URL(link).searchParams.get('slide') ?? '';
    expect(new URL(link).origin).toBe('http://localhost:4173');
    expect(slide).toMatch(/^https:\/\/example\.org\/slides\//);
    if (onDisk(text) === text) {
      expect(decodeURIComponent(slide.slice('https://example.org/slides/'.length))).toBe(text);
    }
  }
});

it('is text in an evaluation’s report and its charts', () => {
  const matrix = createConfusionMatrix(texts.length);
  const html = evaluationReport({
    model: all,
    title: all,
    intendedUse: all,
    data: all,
    classes: everyClass,
    confusion: matrix,
    calibration: calibrationOf(createConfidenceBins()),
    images: texts.map((text) => ({ ...metricsOf(matrix), image: text, patient: text, broken: 0 })),
    settings: texts.map((text) => [text, text]),
    date: all,
    codeVersion: all,
  });
  const document = harmless(onDisk(html), null);
  expect(document.querySelector('h1')?.textContent).toBe(`${shown(all)} on ${shown(all)}`);
  for (const selector of ['dl.facts dt', 'dl.facts dd']) {
    const found = [...document.querySelectorAll(selector)].map((element) => element.textContent);
    expect(found).toEqual(texts.map(shown));
  }
  for (const text of texts) {
    const chart = lineChart({
      label: text,
      xName: text,
      yName: text,
      yMax: 1,
      series: [
        {
          name: text,
          colour: 'red',
          points: [
            { x: 0, y: 0 },
            { x: 1, y: 1 },
          ],
        },
      ],
    });
    // SVG is XML, which is stricter.
    expect([text.slice(0, 100), XMLValidator.validate(chart.text)]).toEqual([text.slice(0, 100), true]);
  }
});

describe.each(strings)('%s', (_what, text) => {
  const names = [text, `${text}!`];
  const classes = names.map((name) => ({ name, colour: '#0072B2' }));
  const matrix = createConfusionMatrix(2);
  addPixels(matrix, Uint8Array.of(0, 0, 1, 1), Uint8Array.of(0, 1, 1, 1));

  it('is a cell of a table, and no formula', async () => {
    const plan = await planOf(text);
    const areas = areaTable({ classes: classes.map((each) => ({ ...each, background: false })) }, [1, 2], 1);
    const tables = [cohortCsv(plan, rowsOf(plan, text)), areaCsv(areas)];
    const [cohort = [], ...others] = tables.map((table) => readCsv(onDisk(table)));
    expect(cohort.map(({ slide }) => slide)).toEqual([onDisk(text), onDisk(text)]);
    expect(cohort[0]).toMatchObject({
      error: onDisk(text),
      backend: onDisk(text),
      source: onDisk(`/data/${text}`),
    });
    expect(cohort[0]?.[`area_mm2_${columnWord(text)}`]).toBe('1');
    expect(cohort[0]?.[`area_mm2_${columnWord(`${text}!`)}`]).toBe('2');
    for (const table of others) {
      expect(table.map((row) => row.class)).toEqual(names.map(onDisk));
    }
    for (const table of tables) {
      // As a spreadsheet splits it that knows no quotes and takes semicolons.
      for (const cell of table.split(/[;\t\r\n]/)) {
        expect(cell).not.toMatch(/^[\s\ufeff\u200b]*[=@＝＋－＠]|^[\s\ufeff\u200b]*[+-](?!\d)/);
      }
    }
  });

  it('is a key and a value in JSON', async () => {
    const plan = await planOf(text);
    const { slides, title } = JSON.parse(cohortJson(plan, rowsOf(plan, text))) as {
      title: string;
      slides: Record<string, unknown>[];
    };
    expect(title).toBe(text);
    expect(slides[0]?.[`area_mm2_${columnWord(text)}`]).toBe(1);
    const manifest = { classes: classes.map((each) => ({ ...each, background: false })) };
    const counts = new Float64Array(512);
    counts[255] = 1;
    counts[511] = 1;
    const { meanByClass } = confidenceSummary(manifest, counts)!;
    expect(Object.keys(JSON.parse(JSON.stringify(meanByClass)) as object)).toEqual(Object.keys(meanByClass));
    expect(names.map((name) => Object.hasOwn(meanByClass, name))).toEqual([true, true]);
    expect(Object.getPrototypeOf(meanByClass)).toBe(Object.prototype);
  });

  it('is a label in annotations', () => {
    const square = [0, 0, 4, 0, 4, 4];
    const file = geoJsonFile([
      { polygon: { outer: square, holes: [] }, of: { name: text, colour: '#0072B2' } },
    ]);
    const { features } = JSON.parse(file) as {
      features: { properties: { classification: { name: string } } }[];
    };
    expect(features[0]?.properties.classification.name).toBe(text);
    // XML has no control characters, and attributes have no line breaks.
    if (/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text)) return;
    const xml = writeImageScope([{ label: text, points: square }], 0.5);
    expect(XMLValidator.validate(xml)).toBe(true);
    const [region] = readAnnotations(xml, 'a.xml').regions;
    expect(region?.label.trim()).toBe(text.trim());
  });

  it('stays on its line of the terminal, and does nothing there', async () => {
    const plan = await planOf(text);
    const rows = rowsOf(plan, text);
    const statuses = { done: 0, partial: 1, failed: 0, stopped: 0, unfinished: 1 };
    const report = reportText({ title: text, slides: 2, statuses, rows, files: [text, text, text] });
    expect(report.split('\n')).toHaveLength(7);
    const metrics = metricsTable(matrix, names);
    expect(metrics.split('\n')).toHaveLength(6);
    const images = imagesTable([{ ...metricsOf(matrix), image: text, patient: text }], false);
    expect(images.split('\n')).toHaveLength(3);
    for (const lines of [report, metrics, images]) expect(lines).not.toMatch(acts);

    const written: string[] = [];
    const write = (part: unknown): boolean => written.push(String(part)) > 0;
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation(write),
    );
    try {
      notify(text);
      warn(text);
      print(text);
      printJson({ [text]: text });
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    expect(written.slice(0, 2).map((line) => line.split('\n').length)).toEqual([2, 2]);
    for (const line of written) expect(line).not.toMatch(acts);
    expect(JSON.parse(written[3] ?? '')).toEqual(JSON.parse(JSON.stringify({ [text]: text })));
  });
});

it('is the name of a file that is opened and described', async () => {
  const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  for (const [, text] of strings) {
    const name = `${text}.png`;
    // Names that a file can have.
    if (/[/\0]/.test(name) || Buffer.byteLength(name) > 255 || onDisk(text) !== text) continue;
    if (process.platform === 'win32' && fileStem(name) !== text) continue;
    const path = join(folder, name);
    writeFileSync(path, png);
    const said = await printedBy(addSlideCommand, ['slide', '--', path]);
    expect(said).toMatch(/^name {10}[^\n]*\.png\nformat /);
    expect(said).not.toMatch(acts);
    const json = await printedBy(addSlideCommand, ['slide', '--json', '--', path]);
    expect((JSON.parse(json) as { name: string }).name).toBe(name);
    expect(json).not.toMatch(acts);
    rmSync(path);
  }
});

it('has at least 22 strings', () => {
  expect(strings.length).toBeGreaterThanOrEqual(22);
});

/** The page's downloads, with names that have broken encodings before; `src/cli/sinks.test.ts` has the other sinks. */
import { expect, it } from 'vitest';
import { hostileStrings } from '../../base/hostile-strings.ts';
import { readCsv } from '../../base/read-csv.ts';
import { createConfusionMatrix } from '../../evaluation/confusion-matrix.ts';
import { metricsOf } from '../../evaluation/metrics.ts';
import { areasCsv, figuresJson, metricsCsv } from './export-files.ts';

it.each(Object.entries(hostileStrings))('are text in tables and JSON: %s', (_what, text) => {
  const names = [text, `${text}!`];
  // As on disk: halves of surrogate pairs become U+FFFD.
  const onDisk = (written: string): string => Buffer.from(written).toString();
  const confusion = createConfusionMatrix(2);
  confusion.counts.set([6, 2, 1, 7]);
  const figures = {
    extent: 'slide' as const,
    title: text,
    classes: names.map((name) => ({
      name,
      background: false,
      pixels: 1,
      mm2: 1,
      shareOfTissue: 1,
    })),
    segmentedMm2: 1,
    tissueMm2: null,
    comparison: { confusion, metrics: metricsOf(confusion), mm2: 1 },
    otherClasses: false,
  };
  const tables = [areasCsv(figures), metricsCsv(figures) ?? ''];
  const [areas = [], metrics = []] = tables.map((table) => readCsv(onDisk(table)));
  expect(areas.map((row) => row.class)).toEqual(names.map(onDisk));
  expect(metrics.map(({ truth }) => truth)).toEqual(names.map(onDisk));
  expect(metrics[0]?.[`predicted ${onDisk(text)}`]).toBe('6');
  for (const cell of tables.join('').split(/[;\t\r\n]/))
    expect(cell).not.toMatch(/^[\s\ufeff\u200b]*[=+@＝＋－＠-]/);

  const texts = { slide: text, fingerprint: text, layer: text, truth: text, date: text };
  const context = { ...texts, warning: null, objects: null, umPerPx: null, modelCheck: null };
  expect(JSON.parse(figuresJson(figures, context))).toMatchObject({
    slide: text,
    layer: text,
    areas: names.map((name) => ({ name })),
  });
});

/** `dualscope stain`: separates the stains of a slide and measures one of them. */
import { InvalidArgumentError } from 'commander';
import { terminalText } from '../base/terminal-text.ts';
import { defaultThresholds } from '../stain/h-score.ts';
import type { WhiteLevel } from '../stain/optical-density.ts';
import { parseStains } from '../stain/stain-text.ts';
import { stainPresets, type StainSet } from '../stain/stain-vectors.ts';
import type { Level0Rect } from '../slide/slide.ts';
import type { AddCommand } from './command.ts';
import { parseMpp, parseRect } from './options.ts';
import { areaOf } from './segment-plan.ts';
import { openFromCommandLine } from './slide.ts';
import { checkOut, writeStains } from './stain-files.ts';
import { measureArea, prepareStain, regionsOf, type MeasuredArea, type PreparedStain } from './stain-run.ts';
import { print, printJson, warn } from './terminal.ts';

interface StainOptions {
  readonly stains: StainSet;
  readonly estimate?: boolean;
  readonly white?: WhiteLevel;
  readonly stain?: 0 | 1;
  readonly thresholds: readonly number[];
  readonly roi?: Level0Rect;
  readonly annotations?: string;
  readonly umPerPx: number;
  readonly mpp?: number;
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** Finest resolution to measure at unless told otherwise, µm per pixel: several pixels per nucleus. */
const defaultUmPerPx = 1;
/** Most annotations that are measured one by one. */
const mostRegions = 500;

/** Adds the command to the program. */
export const addStainCommand: AddCommand = (program) => {
  program
    .command('stain')
    .description(
      'Separate the stains of a brightfield slide by colour deconvolution, and measure one of them on tissue: the shares of ' +
        'weak, moderate and strong optical density, and the H-score by area (0 to 300). Without an area, the whole slide.',
    )
    .argument('<file...>', 'a slide file, all files of a slide, a folder of them, or a URL')
    .option(
      '--stains <list>',
      'he, hdab, or two vectors of optical density in red, green and blue, like 0.65,0.7,0.29;0.27,0.57,0.78',
      problemsOf(parseStains),
      stainPresets.hdab,
    )
    .option('--estimate', "take the stains' vectors from the slide's own tissue (Macenko 2009)")
    .option(
      '--white <r,g,b>',
      "the light through glass; by default the median of the slide's glass",
      parseWhite,
    )
    .option('--stain <n>', 'stain to measure: 1 or 2', parseStain, 1 as const)
    .option(
      '--thresholds <a,b,c>',
      'optical densities from which on tissue is weakly, moderately and strongly positive',
      parseNumbers,
      defaultThresholds as readonly number[],
    )
    .option('--roi <x,y,w,h>', 'measure only this rectangle, in level-0 pixels', parseRect)
    .option('--annotations <file>', 'measure only these areas, each and all together')
    .option('--um-per-px <um>', 'resolution to measure at', parseMpp, defaultUmPerPx)
    .option('--mpp <um>', 'µm per pixel, for slides without one', parseMpp)
    .option(
      '--out <file>',
      'also write a map of negative, weak, moderate and strong (.tif), or a grey picture of each stain (.png)',
    )
    .option('--overwrite', 'replace existing files')
    .option('--json', 'print one JSON object')
    .action(run);
};

async function run(files: string[], options: StainOptions): Promise<void> {
  if (options.out !== undefined) checkOut(options.out);
  const slide = await openFromCommandLine(files);
  try {
    const { metadata } = slide;
    const area = await areaOf(options, metadata);
    const stain = options.stain ?? 1;
    const prepared = await prepareStain(slide, {
      stains: options.stains,
      estimate: options.estimate === true,
      white: options.white ?? null,
      ...{ stain, thresholds: options.thresholds, area },
      umPerPx: options.umPerPx,
      slideMpp: options.mpp ?? null,
    });
    for (const note of prepared.notes) warn(`${metadata.name}: ${note}`);
    const all = await measureArea(slide, prepared, area, stain);
    const regions = regionsOf(area);
    const isEach = regions.length > 1 && regions.length <= mostRegions;
    if (regions.length > mostRegions) {
      warn(
        `${metadata.name}: ${regions.length} areas are measured together; at most ${mostRegions} one by one.`,
      );
    }
    const each: (MeasuredArea | null)[] = [];
    for (const region of isEach ? regions : []) {
      each.push(await measureArea(slide, prepared, { kind: 'polygons', polygons: [region] }, stain));
    }
    const { out, overwrite = false } = options;
    const written =
      out === undefined ? [] : await writeStains(slide, prepared, { out, area, stain, overwrite });
    if (all !== null && all.broken > 0) {
      process.exitCode = 1;
      warn(`${metadata.name}: ${all.broken} parts can't be read and are left out.`);
    }
    if (options.json === true) printJson(jsonOf(metadata.name, prepared, stain, all, each, written));
    else print(textOf(prepared, stain, all, each, written));
  } finally {
    slide.close();
  }
}

function jsonOf(
  slide: string,
  { separation, names, umPerPx, thresholds, tissue, notes }: PreparedStain,
  stain: number,
  all: MeasuredArea | null,
  regions: readonly (MeasuredArea | null)[],
  files: readonly string[],
): unknown {
  const { stains, white } = separation;
  return {
    ...{ slide, researchUseOnly: true, stain: names[stain] },
    stains: { kind: stains.kind, first: stains.first, second: stains.second, white },
    ...{ umPerPx, thresholds, glassLeftOut: tissue !== null, notes },
    ...{ measured: all, regions, files },
  };
}

function textOf(
  { separation, names, umPerPx, thresholds, tissue }: PreparedStain,
  stain: number,
  all: MeasuredArea | null,
  regions: readonly (MeasuredArea | null)[],
  files: readonly string[],
): string {
  const { first, second } = separation.stains;
  const vector = (values: readonly number[]): string => values.map((value) => value.toFixed(3)).join(', ');
  const [weak, moderate, strong] = thresholds;
  const rows: [string, string][] = [
    [names[0], vector(first)],
    [names[1], vector(second)],
    ['white', separation.white.join(', ')],
    ['measured', `${names[stain] ?? ''} at ${Number(umPerPx.toFixed(3))} µm/px`],
    ['thresholds', `weak ${weak}, moderate ${moderate}, strong ${strong} (optical density)`],
  ];
  const head = rows.map(([key, value]) => `${key.padEnd(14)}${value}\n`).join('');
  const lines = regions.map((measured, i) => `area ${i + 1}: ${scoreText(measured)}\n`).join('');
  const glass = tissue === null ? 'Tissue unknown, so glass counts. ' : 'Glass does not count. ';
  return `${head}${lines}${scoreText(all)}\n${glass}H-score by area, not by nuclei. Research use only.\n${files.map((file) => `${terminalText(file)}\n`).join('')}`;
}

function scoreText(measured: MeasuredArea | null): string {
  if (measured === null) return 'no tissue';
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const { positive, weak, moderate, strong, hScore, tissueMm2, mean } = measured;
  return (
    `positive ${percent(positive)} (weak ${percent(weak)}, moderate ${percent(moderate)}, strong ${percent(strong)}), ` +
    `H-score ${hScore.toFixed(0)}, mean ${mean.toFixed(3)}, ${tissueMm2.toFixed(3)} mm² tissue`
  );
}

/** A parser whose problems are those of an option. */
function problemsOf<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

function parseNumbers(text: string): readonly number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (values.length === 3 && values.every(Number.isFinite)) return values;
  throw new InvalidArgumentError('Expected three numbers, like 0.2,0.4,0.6.');
}

function parseWhite(text: string): WhiteLevel {
  const [red = 0, green = 0, blue = 0] = parseNumbers(text);
  return [red, green, blue];
}

function parseStain(text: string): 0 | 1 {
  if (text === '1') return 0;
  if (text === '2') return 1;
  throw new InvalidArgumentError('Expected 1 or 2.');
}

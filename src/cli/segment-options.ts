/** Options that `segment` and `merge` share: what of a slide is segmented, how, and where results go. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Shard } from '../segment/sub-plan.ts';
import type { Level0Rect } from '../slide/slide.ts';
import { parseLength, parseOverlap, parsePositive } from './numbers.ts';
import { qualityOption } from './options.ts';
import type { SegmentResult } from './segment-result.ts';

/** Adds the slide and the options that say what of it is segmented. */
export function addPlanOptions(command: Command): Command {
  return command
    .argument('<file...>', 'a slide file, all files of a DICOM series, a folder of them, or a URL')
    .requiredOption('--model <id>', 'a model below models/, or a folder that holds one')
    .requiredOption('--out <dir>', 'folder for the results')
    .option('--roi <x,y,w,h>', 'this rectangle only, level-0 pixels', parseRect)
    .option('--annotations <file>', 'these areas only: GeoJSON of QuPath, XML of ImageScope or ASAP')
    .option('--mpp <um>', 'µm per pixel, for slides that do not state it', parsePositive)
    .addOption(qualityOption())
    .option(
      '--overlap <share>',
      'instead of --quality: share of a slice in common with its neighbour, 0 to 0.5',
      parseOverlap,
    )
    .addOption(
      new Option('--glass <what>', 'slices without tissue').choices(['skip', 'include']).default('skip'),
    )
    .option(
      '--simplify <um>',
      'largest distance of a polygon from its class, µm; 0 for exact',
      parseLength,
      0,
    )
    .option('--json', 'one JSON object on stdout');
}

/** @throws InvalidArgumentError unless the text is four numbers. */
export function parseRect(text: string): Level0Rect {
  const numbers = text.split(',').map(Number);
  const [x = NaN, y = NaN, width = NaN, height = NaN] = numbers;
  if (numbers.length !== 4 || !Number.isFinite(x + y + width + height) || !(width > 0 && height > 0)) {
    throw new InvalidArgumentError('Give four numbers: x,y,width,height in level-0 pixels.');
  }
  return { x, y, width, height };
}

/** @throws InvalidArgumentError unless the text is like 2/7. */
export function parseShard(text: string): Shard {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? [];
  if (index === undefined || of === undefined || index < 1 || index > of) {
    throw new InvalidArgumentError('Give which of how many, from 1/n to n/n, for example 2/7.');
  }
  return { index, of };
}

/** Areas and files of a result, for people. @param head the first line, without its end. */
export function resultText(head: string, result: SegmentResult): string {
  const broken = result.broken === 0 ? '' : `, ${result.broken} skipped`;
  return [
    `${head}${broken}. Research use only.`,
    ...result.areas.map(
      (row) =>
        `${row.class.padEnd(20)}${row.areaMm2.toFixed(3).padStart(10)} mm²${row.percentOfSegmented.toFixed(2).padStart(8)} %`,
    ),
    ...result.files,
    '',
  ].join('\n');
}

/** Says that slices were skipped, and makes the command end with 1. Does nothing where none were. */
export function reportBroken(
  { slide, broken }: Pick<SegmentResult, 'slide' | 'broken'>,
  remedy: string,
): void {
  if (broken === 0) return;
  process.exitCode = 1;
  process.stderr.write(`dualscope: ${slide}: ${broken} slices can't be read and were skipped. ${remedy}\n`);
}

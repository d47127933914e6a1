/** Options and messages that `segment` and `merge` share. */
import { Option, type Command } from 'commander';
import { markedIf } from '../base/overridden-check.ts';
import { terminalText } from '../base/terminal-text.ts';
import {
  forceOption,
  parseMpp,
  parseNonNegative,
  parseOverlap,
  parseRect,
  qualityOption,
} from './options.ts';
import type { SegmentResult } from './segment-result.ts';
import { warn } from './terminal.ts';

/** Adds the slide argument and the options that define area, grid and results. */
export function addPlanOptions(command: Command): Command {
  return command
    .argument('<file...>', 'a slide file, all files of a slide, a folder of them, or a URL')
    .requiredOption('--model <id>', 'id of a model in models/, or a model folder')
    .requiredOption('--out <dir>', 'folder for the results')
    .option('--roi <x,y,w,h>', 'segment only this rectangle, in level-0 pixels', parseRect)
    .option('--annotations <file>', 'segment only these areas: annotations of any format that the app reads')
    .option('--mpp <um>', 'µm per pixel, for slides without one', parseMpp)
    .addOption(qualityOption())
    .option('--overlap <share>', 'overlap of neighbouring slices, 0 to 0.5; replaces --quality', parseOverlap)
    .addOption(
      new Option('--glass <mode>', 'slices without tissue').choices(['skip', 'include']).default('skip'),
    )
    .option('--symmetries', 'average over the eight orientations of each slice, in eight times the time')
    .option('--without-context', 'leave the context out, with a model trained to do without it')
    .option('--simplify <um>', 'maximum deviation of polygon outlines, µm; 0 for exact', parseNonNegative, 0)
    .addOption(forceOption())
    .option('--json', 'print one JSON object');
}

/** A result as text: areas and files. @param head first line, without the full stop. */
export function resultText(head: string, result: SegmentResult): string {
  const broken = result.broken === 0 ? '' : `, ${result.broken} skipped`;
  return [
    `${markedIf(result.modelCheck === 'overridden', `${head}${broken}`)}. Research use only.`,
    ...result.areas.map(
      (row) =>
        `${terminalText(row.class).padEnd(20)}${row.areaMm2.toFixed(3).padStart(10)} mm²${row.percentOfTissue.toFixed(2).padStart(8)} %`,
    ),
    `Shares of ${result.segmentedMm2.toFixed(3)} mm² segmented${result.tissueMm2 === null ? '; tissue unknown, so glass counts' : ' tissue; glass does not count'}.`,
    ...result.files.map(terminalText),
    '',
  ].join('\n');
}

/** Reports skipped slices on stderr and sets exit code 1. Does nothing if none were skipped. */
export function reportBroken(
  { slide, broken }: Pick<SegmentResult, 'slide' | 'broken'>,
  remedy: string,
): void {
  if (broken === 0) return;
  process.exitCode = 1;
  warn(`${slide}: ${broken} slices can't be read and were skipped. ${remedy}`);
}

/** `dualscope segment`: the engine of the app without the app. */
import { Option } from 'commander';
import type { AddCommand } from './command.ts';
import { parseLength, parseOverlap, parsePositive } from './numbers.ts';
import { backendOption, qualityOption } from './options.ts';
import type { SegmentResult } from './segment-files.ts';
import { segmentToFiles, type SegmentCall } from './segment-run.ts';
import { parseRect } from './slide-area.ts';
import { openFromCommandLine } from './slide.ts';

/** Adds the command to the program. */
export const addSegmentCommand: AddCommand = (program) => {
  program
    .command('segment')
    .description(
      'segment a slide: class and confidence map as pyramidal TIFF, polygons as GeoJSON, areas per class, ' +
        'preview. Research use only.',
    )
    .argument('<file...>', 'a slide file, all files of a DICOM series, a folder of them, or a URL')
    .requiredOption('--model <id>', 'a model below models/, or a folder that holds one')
    .requiredOption('--out <dir>', 'folder that the results are written to')
    .option('--roi <x,y,w,h>', 'this rectangle only, level-0 pixels', parseRect)
    .option('--annotations <file>', 'these areas only: GeoJSON of QuPath, XML of ImageScope or ASAP')
    .option('--resume', 'go on with an unfinished run; finished results are kept as they are')
    .option('--overwrite', 'begin anew, whatever is there')
    .option('--mpp <um>', 'µm per pixel, for slides that do not say it', parsePositive)
    .addOption(qualityOption())
    .option(
      '--overlap <share>',
      'instead of --quality: share in common with a neighbour, 0 to 0.5',
      parseOverlap,
    )
    .addOption(
      new Option('--glass <what>', 'slices without tissue').choices(['skip', 'include']).default('skip'),
    )
    .option('--simplify <um>', 'furthest that a polygon lies off its class, µm; 0 for exact', parseLength, 0)
    .addOption(backendOption())
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 1 failed, or slices are left out because the slide can not be read there (--resume\n' +
        'tries them again); 2 wrong options; 130 and 143 stopped (--resume goes on).',
    )
    .action(async (files: string[], call: Omit<SegmentCall, 'files'> & { readonly json?: boolean }) => {
      const slide = await openFromCommandLine(files);
      try {
        const result = await segmentToFiles(slide, { ...call, files });
        process.stdout.write(call.json === true ? `${JSON.stringify(result)}\n` : summaryText(result));
        if (result.broken > 0) {
          process.exitCode = 1;
          process.stderr.write(
            `dualscope: ${slide.metadata.name}: ${result.broken} slices can't be read and are left out. --resume tries them again.\n`,
          );
        }
      } finally {
        slide.close();
      }
    });
};

function summaryText(result: SegmentResult): string {
  const earlier = result.slices - result.computed;
  const head =
    result.computed === 0
      ? `${result.slices} slices were done already`
      : `${result.computed} slices in ${result.seconds.toFixed(1)} s on ${result.backend}` +
        (earlier > 0 ? `, ${earlier} done before` : '');
  const broken = result.broken === 0 ? '' : `, ${result.broken} left out`;
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

/** `dualscope phantom`: writes synthetic slides with ground truth. */
import { SingleBar } from 'cli-progress';
import { Option } from 'commander';
import { writePhantom, type PhantomFormat, type PhantomNote } from '../phantom/write-phantom.node.ts';
import type { AddCommand } from './command.ts';
import { createFolder } from './create-folder.ts';
import { parseInRange } from './options.ts';
import { print, printJson, progressStream } from './terminal.ts';

interface PhantomCall {
  readonly out: string;
  readonly slides: number;
  readonly seed: number;
  readonly widthMm: number;
  readonly heightMm: number;
  readonly mpp: number;
  readonly maskMpp: number;
  readonly quality: number;
  readonly format: PhantomFormat;
  readonly json?: boolean;
}

/** Adds the command to the program. */
export const addPhantomCommand: AddCommand = (program) => {
  program
    .command('phantom')
    .description(
      'Write synthetic H&E-like slides with ground truth: pyramidal TIFF, ImageScope XML, class mask. ' +
        'The same seed gives the same slide; complete slides are skipped.',
    )
    .requiredOption('--out <dir>', 'output folder; created if missing')
    .option('--slides <n>', 'number of slides, with seeds S, S+1, …', parseInRange(1, 10000, true), 1)
    .option('--seed <s>', 'seed of the first slide', parseInRange(0, 2 ** 31 - 1, true), 1)
    .option('--width-mm <w>', 'width of the slide in mm', parseInRange(0.5, 100), 12)
    .option('--height-mm <h>', 'height of the slide in mm', parseInRange(0.5, 100), 10)
    .option('--mpp <m>', 'µm per pixel', parseInRange(0.1, 8), 1)
    .option('--mask-mpp <m>', 'µm per pixel of the mask', parseInRange(0.1, 64), 4)
    .option('--quality <q>', 'JPEG quality', parseInRange(1, 100, true), 85)
    .addOption(
      new Option('--format <format>', 'svs writes Aperio SVS files A01, A02, …, like BACH part B')
        .choices(['tif', 'svs'])
        .default('tif'),
    )
    .option('--json', 'print one JSON object')
    .action(async (call: PhantomCall) => {
      await createFolder(call.out);
      const bar = new SingleBar({
        format: 'slide {slide} of {slides} [{bar}] {percentage} % | {eta_formatted} left',
        stream: progressStream,
        noTTYOutput: false,
      });
      bar.start(call.slides, 0, { slide: 1, slides: call.slides });
      const notes: (PhantomNote & { isNew: boolean })[] = [];
      try {
        for (let i = 0; i < call.slides; i++) {
          const { note, isNew } = await writePhantom({
            directory: call.out,
            seed: call.seed + i,
            widthMm: call.widthMm,
            heightMm: call.heightMm,
            mpp: call.mpp,
            maskMpp: call.maskMpp,
            quality: call.quality,
            format: call.format,
            ...(call.format === 'svs' ? { name: `A${String(i + 1).padStart(2, '0')}` } : {}),
            onProgress: (fraction) => bar.update(i + fraction, { slide: i + 1 }),
          });
          notes.push({ ...note, isNew });
          bar.update(i + 1);
        }
      } finally {
        bar.stop();
      }
      if (call.json) {
        printJson({ directory: call.out, slides: notes });
        return;
      }
      for (const note of notes) {
        const shares = note.classes.map((name, k) => `${name} ${(100 * note.shares[k]!).toFixed(1)} %`);
        print(
          `${note.slide}: ${note.width} × ${note.height} at ${note.mpp} µm/px, ${shares.join(', ')}${note.isNew ? '' : ' (already existed)'}\n`,
        );
      }
    });
};

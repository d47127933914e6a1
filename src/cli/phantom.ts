import { mkdir } from 'node:fs/promises';
import { SingleBar } from 'cli-progress';
import { InvalidArgumentError, Option } from 'commander';
import { writePhantom, type PhantomFormat, type PhantomNote } from '../phantom/write-phantom.node.ts';
import type { AddCommand } from './command.ts';

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

function numberFrom(low: number, high: number, isWhole = false): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!(value >= low && value <= high) || (isWhole && !Number.isInteger(value))) {
      throw new InvalidArgumentError(`Give a ${isWhole ? 'whole ' : ''}number from ${low} to ${high}.`);
    }
    return value;
  };
}

/** `dualscope phantom`: synthetic slides with ground truth. */
export const addPhantomCommand: AddCommand = (program) => {
  program
    .command('phantom')
    .description(
      'Write synthetic H&E-like slides with ground truth: pyramidal TIFF, ImageScope XML, class mask. ' +
        'The same seed gives the same slide; complete slides are skipped.',
    )
    .requiredOption('--out <dir>', 'folder to write to; made when absent')
    .option('--slides <n>', 'number of slides, of seeds S, S+1, …', numberFrom(1, 10000, true), 1)
    .option('--seed <s>', 'seed of the first slide', numberFrom(0, 2 ** 31 - 1, true), 1)
    .option('--width-mm <w>', 'width of the slide in mm', numberFrom(0.5, 100), 12)
    .option('--height-mm <h>', 'height of the slide in mm', numberFrom(0.5, 100), 10)
    .option('--mpp <m>', 'µm per pixel', numberFrom(0.1, 8), 1)
    .option('--mask-mpp <m>', 'µm per pixel of the mask', numberFrom(0.1, 64), 4)
    .option('--quality <q>', 'JPEG quality', numberFrom(1, 100, true), 85)
    .addOption(
      new Option('--format <format>', 'svs: Aperio SVS named A01, A02, …, the layout of BACH part B')
        .choices(['tif', 'svs'])
        .default('tif'),
    )
    .option('--json', 'print one JSON object')
    .action(async (call: PhantomCall) => {
      await mkdir(call.out, { recursive: true });
      const bar = new SingleBar({
        format: 'slide {slide} of {slides} [{bar}] {percentage} % | {eta_formatted} left',
        stream: process.stderr,
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
        process.stdout.write(`${JSON.stringify({ directory: call.out, slides: notes })}\n`);
        return;
      }
      for (const note of notes) {
        const shares = note.classes.map((name, k) => `${name} ${(100 * note.shares[k]!).toFixed(1)} %`);
        process.stdout.write(
          `${note.slide}: ${note.width} × ${note.height} at ${note.mpp} µm/px, ${shares.join(', ')}${note.isNew ? '' : ' (was there)'}\n`,
        );
      }
    });
};

/** Examples of calls, in the help of each command. */
import type { Command } from 'commander';

/** Examples that the help of each command shows, by the words of the command. Options in them are checked by a test. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  bench: ['dualscope bench', 'dualscope bench slide.svs --model colon-aligned --single colon-single'],
  cohort: [
    'echo \'{ "slides": "slides/", "model": "colon-gland", "out": "cohort/" }\' > cohort.json',
    'dualscope cohort plan --config cohort.json',
    'dualscope cohort segment --out cohort --slide ID',
    'dualscope cohort report --out cohort',
  ],
  'cohort plan': [
    'dualscope cohort plan --config cohort.json',
    'dualscope cohort plan --config cohort.json --symmetries',
  ],
  'cohort segment': ['dualscope cohort segment --out cohort --slide ID'],
  'cohort merge': ['dualscope cohort merge --out cohort --slide ID'],
  'cohort report': ['dualscope cohort report --out cohort'],
  compare: ['dualscope compare colon-single.json colon-aligned.json'],
  dicom: [
    'dualscope dicom slide.dcm --annotations annotations.geojson --format ann --out annotations.dcm',
    'dualscope dicom slide.dcm --annotations annotations.geojson --format seg --out segmentation.dcm',
  ],
  domain: ['dualscope domain --model colon-gland --data images/'],
  evaluate: [
    'dualscope evaluate --model colon-gland --data dataset/',
    'dualscope evaluate --model colon-gland --data dataset/ --json > colon-gland.json',
  ],
  export: ['dualscope export --model colon-gland --format onnx --out colon-gland.onnx'],
  merge: ['dualscope merge slide.svs --model colon-gland --out results/'],
  models: ['dualscope models', 'dualscope models colon-gland', 'dualscope models --json'],
  phantom: ['dualscope phantom --out phantoms/ --slides 4'],
  reproduce: ['dualscope reproduce --data glas/ --study glas --tables'],
  segment: [
    'dualscope segment slide.svs --model colon-gland --out results/',
    'dualscope segment slide.svs --model colon-gland --out results/ --roi 10000,8000,4000,4000',
    'dualscope segment slide.svs --model colon-gland --out results/ --resume',
  ],
  serve: ['dualscope serve', 'dualscope serve --port 8080 --host 0.0.0.0'],
  slide: ['dualscope slide slide.svs', 'dualscope slide slide.svs --region 0,0,2048,2048 --png region.png'],
  stain: [
    'dualscope stain slide.svs --stains hdab',
    'dualscope stain slide.svs --stains hdab --estimate --thresholds 0.2,0.4,0.6 --json',
    'dualscope stain slide.svs --stains he --roi 1000,1000,2000,2000 --mpp 0.5 --out stains.png',
  ],
  train: ['dualscope train --config run.json --data dataset/ --out models/'],
  zoo: ['dualscope zoo'],
};

/** The end of a command's help. */
export function exampleText(command: string): string {
  const lines = examples[command] ?? [];
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** Adds them to all commands of a program. */
export function addExamples(program: Command, parents: readonly string[] = []): void {
  for (const command of program.commands) {
    const words = [...parents, command.name()];
    if (examples[words.join(' ')] !== undefined) command.addHelpText('after', exampleText(words.join(' ')));
    addExamples(command, words);
  }
}

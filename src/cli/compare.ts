/** `dualscope compare`: the difference between two models on the same images, with a confidence interval. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { pairedBootstrap, type PairedImage } from '../evaluation/paired-bootstrap.ts';
import { mulberry32 } from '../runtime/variables.ts';
import { markedIf } from '../base/overridden-check.ts';
import { CommandError, type AddCommand } from './command.ts';
import { terminalText } from '../base/terminal-text.ts';
import { print, printJson } from './terminal.ts';

/** The fields used of `dualscope evaluate --json`. */
const evaluationSchema = z.object({
  model: z.string(),
  /** Absent in what versions before it have printed. */
  modelCheck: z.enum(['passed', 'overridden']).optional(),
  miou: z.number().nullable(),
  slides: z.array(
    z.object({
      image: z.string(),
      patient: z.string().nullable(),
      accuracy: z.number().nullable(),
      pixels: z.number(),
    }),
  ),
});

type Evaluation = z.infer<typeof evaluationSchema>;

const seed = 1;

/** Adds the command to the program. */
export const addCompareCommand: AddCommand = (program) => {
  program
    .command('compare')
    .description(
      'Compare two models measured on the same images by "dualscope evaluate --json": difference of pixel accuracy ' +
        'with a 95 % interval, bootstrapped over patients (over images if patients are unknown).',
    )
    .argument('<first>', 'output of evaluate --json for the first model')
    .argument('<second>', 'output of evaluate --json for the second model')
    .option('--json', 'print one JSON object')
    .action(compare);
};

async function compare(first: string, second: string, call: { readonly json?: boolean }): Promise<void> {
  const [one, other] = [await readEvaluation(first), await readEvaluation(second)];
  const interval = pairedBootstrap(pairs(one, other, second), mulberry32(seed));
  const { difference, low, high, patients } = interval;
  const points = (value: number): string => (100 * value).toFixed(1);
  if (call.json === true) {
    printJson({
      first: one.model,
      second: other.model,
      modelCheck: [one, other].some(isOverridden) ? 'overridden' : 'passed',
      ...interval,
    });
    return;
  }
  print(
    `${named(one)} minus ${named(other)}: ${points(difference)} points of pixel accuracy, ` +
      `95 % interval ${points(low)} to ${points(high)}, ${String(patients)} patients. ` +
      `mIoU ${one.miou?.toFixed(3) ?? '–'} and ${other.miou?.toFixed(3) ?? '–'}.\n`,
  );
}

function isOverridden({ modelCheck }: Evaluation): boolean {
  return modelCheck === 'overridden';
}

/** The model's name, with the mark if its check was overridden. */
function named(evaluation: Evaluation): string {
  return markedIf(isOverridden(evaluation), terminalText(evaluation.model));
}

/** Pairs by image. @throws CommandError unless both evaluations have the same images and pixels. */
function pairs(one: Evaluation, other: Evaluation, file: string): PairedImage[] {
  const others = new Map(other.slides.map((slide) => [slide.image, slide]));
  const isSame = one.slides.length === others.size;
  return one.slides.map(({ image, patient, accuracy, pixels }) => {
    const found = others.get(image);
    if (!isSame || found?.pixels !== pixels) {
      throw new CommandError(
        `${file}: The models were measured on different images or areas (${image}). Evaluate both on the same images.`,
      );
    }
    return { patient: patient ?? image, pixels, first: accuracy ?? 0, second: found.accuracy ?? 0 };
  });
}

async function readEvaluation(file: string): Promise<Evaluation> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandError(`${file}: Can't be read (${(error as Error).message}).`);
  });
  const remedy = 'Give the output of "dualscope evaluate --json".';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CommandError(`${file}: Not valid JSON. ${remedy}`);
  }
  const parsed = evaluationSchema.safeParse(value);
  if (!parsed.success) throw new CommandError(`${file}: Not an evaluation. ${remedy}`);
  return parsed.data;
}

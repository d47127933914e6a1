/** `dualscope compare`: two models' figures on the same images, and how sure the difference is. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { pairedBootstrap, type PairedImage } from '../evaluation/paired-bootstrap.ts';
import { mulberry32 } from '../runtime/variables.ts';
import { CommandError, type AddCommand } from './command.ts';

/** What it reads of `dualscope evaluate --json`. */
const evaluationSchema = z.object({
  model: z.string(),
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

const SEED = 1;

/** Adds the command to the program. */
export const addCompareCommand: AddCommand = (program) => {
  program
    .command('compare')
    .description(
      'Compare two models that "dualscope evaluate --json" has measured on the same images: the difference of their pixel ' +
        'accuracy, with a 95 % interval by drawing patients (images, where no patients are known).',
    )
    .argument('<first>', 'what evaluate --json printed for one model')
    .argument('<second>', 'the same for the other')
    .option('--json', 'one JSON object on stdout')
    .action(compare);
};

async function compare(first: string, second: string, call: { readonly json?: boolean }): Promise<void> {
  const [one, other] = [await readEvaluation(first), await readEvaluation(second)];
  const interval = pairedBootstrap(pairs(one, other, second), mulberry32(SEED));
  const { difference, low, high, patients } = interval;
  const points = (value: number): string => (100 * value).toFixed(1);
  process.stdout.write(
    call.json === true
      ? `${JSON.stringify({ first: one.model, second: other.model, ...interval })}\n`
      : `${one.model} less ${other.model}: ${points(difference)} points of pixel accuracy, ` +
          `95 % interval ${points(low)} to ${points(high)}, ${String(patients)} patients. ` +
          `mIoU ${one.miou?.toFixed(3) ?? '–'} and ${other.miou?.toFixed(3) ?? '–'}.\n`,
  );
}

/** @throws CommandError where an image is missing in one of the two */
function pairs(one: Evaluation, other: Evaluation, file: string): PairedImage[] {
  const others = new Map(other.slides.map((slide) => [slide.image, slide]));
  const isSame = one.slides.length === others.size;
  return one.slides.map(({ image, patient, accuracy, pixels }) => {
    const found = others.get(image);
    if (!isSame || found?.pixels !== pixels) {
      throw new CommandError(
        `${file}: The two were measured on other images, or with other slices (${image}). Evaluate both models on the same.`,
      );
    }
    return { patient: patient ?? image, pixels, first: accuracy ?? 0, second: found.accuracy ?? 0 };
  });
}

async function readEvaluation(file: string): Promise<Evaluation> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandError(`${file}: It can't be read (${(error as Error).message}).`);
  });
  const remedy = 'Give a file that "dualscope evaluate --json" has written.';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CommandError(`${file}: It is not JSON. ${remedy}`);
  }
  const parsed = evaluationSchema.safeParse(value);
  if (!parsed.success) throw new CommandError(`${file}: It holds no evaluation. ${remedy}`);
  return parsed.data;
}

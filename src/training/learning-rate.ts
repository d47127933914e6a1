/** Learning rates over a run, apart for encoders and for all else. */
import type { TrainingConfig } from './training-config.ts';

export interface LearningRates {
  readonly encoder: number;
  readonly decoder: number;
}

/** The rates at `step`, 0 upwards. */
export function learningRatesAt(
  step: number,
  config: Pick<TrainingConfig, 'steps' | 'optimiser'>,
): LearningRates {
  const { steps, optimiser } = config;
  if (optimiser.kind === 'sgd') {
    let end = 0;
    const stage =
      optimiser.stages.find(({ steps: length }) => step < (end += length)) ?? optimiser.stages.at(-1)!;
    return { encoder: stage.encoderRate, decoder: stage.decoderRate };
  }
  const { learningRate, warmup, encoderRate = 1 } = optimiser;
  const decoder = learningRate * shareAt(step, steps, warmup);
  return { encoder: decoder * encoderRate, decoder };
}

/** Linear rise, then a cosine down to a hundredth. */
function shareAt(step: number, steps: number, warmup: number): number {
  if (step < warmup) return (step + 1) / warmup;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return 0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}

/** Whether a variable belongs to an encoder, by its name. */
export function isOfEncoder(variable: string): boolean {
  return /^(slice|context)\/encoder\//.test(variable);
}

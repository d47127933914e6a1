/** Learning rates over a run, and whose they are. The updates themselves are in step/optimiser-graph.ts. */
import type { TrainingConfig } from './training-config.ts';

/** Encoders may learn at a rate different from that of all other variables. */
export interface LearningRates {
  readonly encoder: number;
  readonly decoder: number;
}

/** @param step from 0 */
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

/** Linear warm-up to 1, then a cosine decay to 0.01. */
function shareAt(step: number, steps: number, warmup: number): number {
  if (step < warmup) return (step + 1) / warmup;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return 0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}

/** Whether a variable belongs to an encoder, judged by its name. */
export function isEncoderVariable(variable: string): boolean {
  return /^(slice|context)\/encoder\//.test(variable);
}

/** Whether a variable keeps its value by the configuration's `freezeEncoders`. */
export function isFrozenVariable(
  variable: string,
  freeze: TrainingConfig['freezeEncoders'] = false,
): boolean {
  if (freeze === false || !isEncoderVariable(variable)) return false;
  return freeze === true || !/^\w+\/encoder\/stage4\//.test(variable);
}

import { AdamW } from './adamw.ts';
import type { Optimiser } from './optimiser.ts';
import { Sgd } from './sgd.ts';
import type { TrainingConfig } from './training-config.ts';

/** The optimiser that a configuration asks for. */
export function optimiserOf({ optimiser }: Pick<TrainingConfig, 'optimiser'>): Optimiser {
  const { weightDecay } = optimiser;
  return optimiser.kind === 'sgd'
    ? new Sgd({ momentum: optimiser.momentum, weightDecay })
    : new AdamW({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay });
}

/** What every process of the training benchmark trains: a preset at a size, a configuration and one batch. */
import type { Preset } from '../../src/model/presets.ts';
import type { Sample } from '../../src/training/sample.ts';
import type { TrainingConfig } from '../../src/training/training-config.ts';
import { benchConfig, presetAt } from '../bench-training.ts';

export const batch = 8;

export interface Workload {
  readonly preset: Preset;
  readonly config: TrainingConfig;
  readonly samples: readonly Sample[];
}

/** @param word PRESET@PIXELS, such as compact-attention@128 */
export function workload(word: string): Workload {
  const [id = '', px = '128'] = word.split('@');
  const preset = presetAt(id, Number(px));
  return {
    preset,
    config: benchConfig(id, batch, 1e-4),
    samples: Array.from({ length: batch }, (_, i) => randomSample(preset, i)),
  };
}

/** Two programs draw different dropout masks; without dropout their losses can be compared. */
export function withoutDropout(preset: Preset): Preset {
  const { network } = preset;
  return network.kind === 'unet' ? preset : { ...preset, network: { ...network, dropout: 0 } };
}

function randomSample({ slicePx, contextPx }: Preset, seed: number): Sample {
  const bytes = (length: number, below: number): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length }, (_, i) => (Math.imul(i + 1, 2654435761 + seed) >>> 16) % below);
  return {
    slice: bytes(slicePx * slicePx * 3, 256),
    classes: bytes(slicePx * slicePx, 4),
    context: contextPx === null ? null : bytes(contextPx * contextPx * 3, 256),
    contextClasses: contextPx === null ? null : bytes(contextPx * contextPx, 4),
    place: { x: 0.3, y: 0.3, size: 0.2 },
  };
}

/** Which features of frozen encoders a run keeps on disk, and how much space they take. */
import type { Preset } from '../model/presets.ts';
import { encodedMaps, sizeOfMap, type FrozenStages } from './encoded-sample.ts';
import { ConfigError, type TrainingConfig } from './training-config.ts';

const defaults = { crops: 512, symmetries: 8, maxGB: 4 } as const;

export interface FeaturePlan {
  readonly crops: number;
  /** Of each crop. */
  readonly symmetries: number;
  /** Of one crop in one symmetry, on disk. */
  readonly bytesPerSample: number;
  /** Why there are fewer crops than configured, a sentence; null if there are not. */
  readonly notice: string | null;
}

/** The part of a configuration that the plan depends on. */
export type FeaturePlanConfig = Pick<
  TrainingConfig,
  'freezeEncoders' | 'featureCache' | 'batchNorm' | 'batch' | 'steps'
>;

/**
 * @returns null for a run that keeps no features
 * @throws ConfigError when features cannot be kept although the configuration asks for it, or when the space is too
 *   small for one batch.
 */
export function featurePlan(config: FeaturePlanConfig, preset: Preset): FeaturePlan | null {
  const { featureCache, freezeEncoders = false, batchNorm, batch, steps } = config;
  if (featureCache === false) return null;
  // Maps of the first stages are large: fewer crops fit, which the configuration has to ask for.
  if (freezeEncoders === 'stages-1-to-3' && featureCache === undefined) return null;
  const obstacle = obstacleTo(freezeEncoders !== false, batchNorm, preset);
  if (obstacle !== null) {
    if (featureCache === undefined) return null;
    throw obstacle;
  }
  const { crops: wanted, symmetries, maxGB } = { ...defaults, ...defined(featureCache ?? {}) };
  const bytesPerSample = recordBytes(preset, config);
  const room = Math.floor((maxGB * 1e9) / bytesPerSample);
  const needed = Math.max(batch, symmetries);
  if (room < needed) {
    throw new ConfigError(
      `"featureCache.maxGB" is ${String(maxGB)}, but a batch of ${String(batch)} and one crop in ${String(symmetries)} ` +
        `symmetries need ${spaceText(needed * bytesPerSample)}.`,
      'Raise it, or set "featureCache" to false.',
    );
  }
  // More entries than the run has samples would never be read.
  const useful = Math.min(wanted, Math.ceil((steps * batch) / symmetries));
  const crops = Math.min(useful, Math.floor(room / symmetries));
  const notice =
    crops < useful
      ? `Features of ${String(useful)} crops in ${String(symmetries)} symmetries would need ` +
        `${spaceText(useful * symmetries * bytesPerSample)}; ${String(crops)} crops fit into ` +
        `"featureCache.maxGB" of ${String(maxGB)}.`
      : null;
  return { crops, symmetries, bytesPerSample, notice };
}

function obstacleTo(
  frozen: boolean,
  batchNorm: FeaturePlanConfig['batchNorm'],
  { network }: Preset,
): ConfigError | null {
  if (!frozen) {
    return new ConfigError(
      'The features of encoders that train change at every step.',
      'Remove "featureCache", or set "freezeEncoders" to true.',
    );
  }
  if (batchNorm === 'batch') {
    return new ConfigError(
      'With "batchNorm": "batch", a sample\'s features depend on its batch.',
      'Remove "featureCache", or set "batchNorm" to "frozen".',
    );
  }
  if (network.kind === 'unet') {
    return new ConfigError(
      'A U-Net has no encoder of its own to keep the features of.',
      'Remove "featureCache".',
    );
  }
  return null;
}

/** Such as `3.9 GB` or `12 MB`. */
export function spaceText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toPrecision(2)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** A checksum of 4 bytes, the place of the slice as three float64, classes as bytes, features as float32. */
export function recordBytes(preset: Preset, frozen: FrozenStages): number {
  const values = encodedMaps(preset, frozen).reduce((sum, map) => sum + sizeOfMap(map), 0);
  return 4 * values + classBytes(preset) + 3 * 8 + 4;
}

/** Classes of the slice and the context. */
function classBytes({ slicePx, contextPx }: Preset): number {
  return slicePx ** 2 + (contextPx ?? 0) ** 2;
}

/** Without the fields that are undefined, which would hide defaults. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/**
 * The samples of a run with frozen encoders: a fixed set of crops, each in several symmetries, whose features are computed
 * once. Everything else about a crop is drawn once, when its features are computed.
 */
import { createHash } from 'node:crypto';
import type { Preset } from '../model/presets.ts';
import { mulberry32, type Weights } from '../runtime/variables.ts';
import { turnSample } from './augmentation.ts';
import type { EncodedSample } from './encoded-sample.ts';
import { FeatureEncoder } from './feature-encoder.ts';
import { FeatureFile } from './feature-file.ts';
import { spaceText, type FeaturePlan } from './feature-plan.ts';
import { isFrozenVariable } from './learning-rates.ts';
import type { Sample, SampleSource } from './sample.ts';
import type { StepSessionOptions } from './step/step-session.node.ts';
import type { TrainingConfig } from './training-config.ts';

/** Crops between two commits: what an interruption loses. */
const cropsPerCommit = 32;

export interface FeatureCacheOptions {
  readonly plan: FeaturePlan;
  readonly preset: Preset;
  readonly config: TrainingConfig;
  /** Its samples 0 to `crops` - 1 are the crops. */
  readonly samples: SampleSource;
  /** Of the network; those of the encoders' frozen stages count. */
  readonly weights: Weights;
  /** Folder for `features.bin` and `features.json`. */
  readonly folder: string;
  readonly session?: StepSessionOptions | undefined;
  /** Receives sentences for the user. */
  readonly onNotice: (text: string) => void;
}

export class FeatureCache {
  readonly #file: FeatureFile;
  readonly #count: number;
  readonly #seed: number;
  /** The order of records in one pass over all of them. */
  #order: { readonly pass: number; readonly records: Uint32Array } | null = null;

  /** Use `open`. */
  constructor(file: FeatureFile, count: number, seed: number) {
    this.#file = file;
    this.#count = count;
    this.#seed = seed;
  }

  /** Opens the features of the same encoders and crops, and computes those that are missing. */
  static async open(options: FeatureCacheOptions): Promise<FeatureCache> {
    const { plan, preset, config, folder, onNotice } = options;
    if (plan.notice !== null) onNotice(plan.notice);
    const file = await FeatureFile.open(folder, await identityOf(options), preset, config);
    try {
      const count = plan.crops * plan.symmetries;
      if (file.replaced) onNotice(`${folder}: features of other encoders or crops are replaced.`);
      if (file.complete < count) await fill(file, options);
      return new FeatureCache(file, count, config.seed);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * The sample of a number. Every pass over the records has its own order, so that each is read once per pass.
   * @throws Error when the record is damaged.
   */
  sample(number: number): Promise<EncodedSample> {
    const pass = Math.floor(number / this.#count);
    if (this.#order?.pass !== pass) {
      this.#order = {
        pass,
        records: shuffled(this.#count, mulberry32(this.#seed ^ Math.imul(pass + 1, 0x85ebca6b))),
      };
    }
    return this.#file.read(this.#order.records[number % this.#count]!);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function fill(
  file: FeatureFile,
  { plan, preset, config, samples, weights, session, onNotice }: FeatureCacheOptions,
): Promise<void> {
  const { crops, symmetries, bytesPerSample } = plan;
  // A crop whose record is not complete is encoded again as a whole.
  const first = Math.floor(file.complete / symmetries);
  const space = spaceText(crops * symmetries * bytesPerSample);
  onNotice(
    `Computing the encoders' features of ${String(crops - first)} crops in ${String(symmetries)} symmetries ` +
      `(${space} in all). Training uses these crops only; "featureCache" in the configuration changes that.`,
  );
  const encoder = await FeatureEncoder.open(preset, config, weights, symmetries, session ?? {});
  try {
    for (let crop = first; crop < crops; crop++) {
      const sample = await samples.sample(crop);
      const turned = Array.from({ length: symmetries }, (_, symmetry) =>
        turnSample(sample, symmetry, preset),
      );
      await file.write(crop * symmetries, await encoder.encode(turned));
      const done = crop + 1;
      if (done < crops && done % cropsPerCommit > 0) continue;
      await file.commit(done * symmetries);
      if (done < crops) onNotice(`Features of ${String(done)} of ${String(crops)} crops.`);
    }
  } finally {
    await encoder.close();
  }
}

/** Of everything that the records depend on: encoders, sizes, recipe of the crops, and data, judged by two crops. */
async function identityOf({ plan, preset, config, samples, weights }: FeatureCacheOptions): Promise<string> {
  const hash = createHash('sha256');
  const { slicePx, contextPx, network } = preset;
  const { seed, sampling, regions, slices, geometry, augmentation, data, validation } = config;
  const { contextDropout, freezeEncoders } = config;
  const recipe = {
    seed,
    sampling,
    regions,
    slices,
    geometry,
    augmentation,
    data,
    patients: validation?.patients,
    contextDropout,
  };
  const { crops, symmetries } = plan;
  hash.update(JSON.stringify({ slicePx, contextPx, network, recipe, crops, symmetries }));
  if (freezeEncoders !== true) hash.update(String(freezeEncoders));
  const encoders = [...weights].filter(([name]) => isFrozenVariable(name, freezeEncoders));
  for (const [name, { data: values }] of encoders.sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(name).update(bytesOf(values));
  }
  for (const crop of [0, crops - 1]) hashSample(hash, await samples.sample(crop));
  return hash.digest('hex');
}

function hashSample(
  hash: ReturnType<typeof createHash>,
  { slice, classes, context, contextClasses, place }: Sample,
): void {
  for (const bytes of [slice, classes, context, contextClasses]) if (bytes !== null) hash.update(bytes);
  hash.update(JSON.stringify(place));
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The numbers 0 to `count` - 1 in a random order (Fisher and Yates). */
function shuffled(count: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let left = count; left > 1; left--) {
    const drawn = Math.floor(random() * left);
    const last = order[left - 1]!;
    order[left - 1] = order[drawn]!;
    order[drawn] = last;
  }
  return order;
}

/** Runs the frozen stages of the encoders alone. */
import type { Preset } from '../model/presets.ts';
import type { Weights } from '../runtime/variables.ts';
import { encodedMaps, sizeOfMap, type EncodedMap, type EncodedSample } from './encoded-sample.ts';
import type { Sample } from './sample.ts';
import { imageFeeds } from './step/batch-feeds.ts';
import { loadOrt, StepSession, type StepSessionOptions } from './step/step-session.node.ts';
import { StepState } from './step/step-state.ts';
import { StepVariables } from './step/step-variables.ts';
import { trainingStep, type StepConfig } from './step/training-step.ts';

export class FeatureEncoder {
  readonly #preset: Preset;
  readonly #maps: readonly EncodedMap[];
  readonly #session: StepSession;
  readonly #state: StepState;

  /** Use `open`. */
  constructor(preset: Preset, maps: readonly EncodedMap[], session: StepSession, state: StepState) {
    this.#preset = preset;
    this.#maps = maps;
    this.#session = session;
    this.#state = state;
  }

  /**
   * @param samples in every batch
   * @param weights of the network; only those of encoders are used
   * @throws Error when a variable is missing
   */
  static async open(
    preset: Preset,
    config: StepConfig,
    weights: Weights,
    samples: number,
    options: StepSessionOptions,
  ): Promise<FeatureEncoder> {
    const step = trainingStep(preset, config, samples, { kind: 'features' }, options.provider);
    const state = new StepState();
    const variables = new StepVariables(step.parameters, state);
    for (const name of step.parameters.keys()) {
      const value = weights.get(name);
      if (value === undefined) throw new Error(`There are no weights for "${name}".`);
      variables.write(name, value);
    }
    const session = await StepSession.open(await loadOrt(), step, options);
    return new FeatureEncoder(preset, encodedMaps(preset, config), session, state);
  }

  async encode(samples: readonly Sample[]): Promise<EncodedSample[]> {
    const found = await this.#session.run(this.#state, imageFeeds(this.#preset, samples));
    const maps = this.#maps;
    const length = maps.reduce((sum, map) => sum + sizeOfMap(map), 0);
    return samples.map(({ classes, contextClasses, place }, index) => {
      const features = new Float32Array(length);
      let to = 0;
      for (const map of maps) {
        const size = sizeOfMap(map);
        features.set(found.get(map.name)!.subarray(index * size, (index + 1) * size), to);
        to += size;
      }
      return { features, classes, contextClasses, place };
    });
  }

  async close(): Promise<void> {
    this.#state.clear();
    await this.#session.close();
  }
}

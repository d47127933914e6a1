/**
 * Context dropout: a share of the samples lacks its context, so that the network also works where there is none, and a
 * second pass without it shows what the context changed.
 *
 * A missing context has the same colour everywhere (runtime/missing-context.ts), in training as in use. Its classes do not
 * count, so the auxiliary context loss asks for nothing that can't be seen. The slice keeps its place in the context.
 */
import type { MissingColour } from '../runtime/missing-context.ts';
import { uncounted } from './labelled-image.ts';
import { drawFor, type Sample, type SampleSource } from './sample.ts';

/** Sets the draws of dropout apart from those of the samples themselves. */
const ownSeed = 0x5bd1e995;

/** @param share of the samples without context, 0 to 1 */
export interface ContextDropout {
  readonly share: number;
  readonly colour: MissingColour;
  readonly seed: number;
}

/** Whether a sample lacks its context: depends on seed and number alone, so that a resumed run continues exactly. */
export function lacksContext(
  number: number,
  { share, seed }: Pick<ContextDropout, 'share' | 'seed'>,
): boolean {
  return share > 0 && drawFor(seed ^ ownSeed, number).random() < share;
}

/** The samples of a source, some without their context. All else about them stays as it is. */
export function withContextDropout(source: SampleSource, dropout: ContextDropout): SampleSource {
  return {
    sample: async (number) => {
      const sample = await source.sample(number);
      return lacksContext(number, dropout) ? withMissingContext(sample, dropout.colour) : sample;
    },
  };
}

/** A sample whose context is missing. */
export function withMissingContext(sample: Sample, colour: MissingColour): Sample {
  const { context, contextClasses } = sample;
  if (context === null) return sample;
  const rgb = new Uint8Array(context.length);
  for (let i = 0; i < rgb.length; i += 3) rgb.set(colour, i);
  const classes = contextClasses === null ? null : new Uint8Array(contextClasses.length).fill(uncounted);
  return { ...sample, context: rgb, contextClasses: classes };
}

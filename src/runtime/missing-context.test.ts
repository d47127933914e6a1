import { describe, expect, it } from 'vitest';
import { caffePreprocessing, torchvisionPreprocessing } from '../model/config.ts';
import type { ModelManifest } from './manifest.ts';
import { missingColour, withoutContext } from './missing-context.ts';
import type { ContextFeatures, InputImage, Segmenter, SliceMaps } from './segmenter.ts';
import { withSymmetries } from './symmetric-segmenter.ts';

const side = 4;
const colour = [124, 116, 104] as const;

function picture(size: number): InputImage {
  return {
    width: size,
    height: size,
    data: Uint8ClampedArray.from({ length: 4 * size * size }, (_, i) => i % 250),
  };
}

/** Records what its context encoder sees and what its slices are given. */
function network(changes: Partial<ModelManifest> = {}): Segmenter & {
  readonly contexts: InputImage[];
  readonly given: (ContextFeatures | null)[];
} {
  const contexts: InputImage[] = [];
  const given: (ContextFeatures | null)[] = [];
  const maps = (): SliceMaps => ({
    size: side,
    classes: new Uint8Array(16),
    confidence: new Uint8Array(16),
    logProbabilities: new Uint8Array(32).fill(255),
  });
  return {
    contexts,
    given,
    manifest: {
      id: 'm',
      classes: [{}, {}],
      slice: { sizePx: side },
      context: { sizePx: 8 },
      contextDropout: { share: 0.2, colour: [...colour] },
      ...changes,
    } as unknown as ModelManifest,
    encodeContext: (image) => {
      contexts.push(image);
      return { dispose: () => undefined };
    },
    segment: (_slice, context) => {
      given.push(context);
      return Promise.resolve(maps());
    },
    segmentBatch: (slices, context) => {
      given.push(context);
      return Promise.resolve(slices.map(maps));
    },
    dispose: () => undefined,
  };
}

it('the missing colour is 0 after normalisation, within half a grey level', () => {
  expect(missingColour(torchvisionPreprocessing)).toEqual([124, 116, 104]);
  for (const preprocessing of [torchvisionPreprocessing, caffePreprocessing]) {
    missingColour(preprocessing).forEach((byte, channel) => {
      const { mean, scale } = preprocessing;
      const value = (byte - mean[channel as 0 | 1 | 2]) / scale[channel as 0 | 1 | 2];
      expect(Math.abs(value)).toBeLessThanOrEqual(0.5 / scale[channel as 0 | 1 | 2]);
    });
  }
});

describe('a network without its context', () => {
  it('encodes the missing colour whatever the context, and passes those features on', async () => {
    const inner = network();
    const alone = withoutContext(inner);
    const features = alone.encodeContext(picture(8));
    await alone.segment(picture(side), features, { x: 0, y: 0, size: 0.5 });
    await alone.segmentBatch?.([{ image: picture(side), sliceInContext: null }], features);
    const [{ width, height, data } = picture(1)] = inner.contexts;
    expect([width, height]).toEqual([8, 8]);
    for (let i = 0; i < data.length; i += 4) expect([...data.subarray(i, i + 4)]).toEqual([...colour, 255]);
    expect(inner.given).toEqual([features, features]);
  });

  it('can be asked in all orientations', async () => {
    const inner = network();
    const alone = withSymmetries(withoutContext(inner));
    await alone.segment(picture(side), alone.encodeContext(picture(8)), { x: 0, y: 0, size: 0.5 });
    expect(inner.contexts).toHaveLength(8);
    expect(new Set(inner.contexts.map(({ data }) => data.slice(0, 3).join()))).toEqual(
      new Set([colour.join()]),
    );
  });

  it('is refused where the model has not learned it', () => {
    expect(() => withoutContext(network({ contextDropout: undefined }))).toThrow(
      /m: .*every sample.*contextDropout/,
    );
    expect(() => withoutContext(network({ contextDropout: undefined, context: null }))).toThrow(
      /reads no context/,
    );
  });
});

import { describe, expect, it } from 'vitest';
import type { ModelManifest } from './manifest.ts';
import { relativeLogits } from './relative-logits.ts';
import type { ContextFeatures, InputImage, Segmenter, SliceInContext, SliceMaps } from './segmenter.ts';
import { withSymmetries } from './symmetric-segmenter.ts';
import { orientations, oriented, orientedPlace, originalPixels } from './symmetries.ts';

const side = 4;
/** Every pixel different. */
const picture = (size = side): InputImage => ({
  width: size,
  height: size,
  data: Uint8ClampedArray.from({ length: 4 * size * size }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 251)),
});

describe('orientations', () => {
  it('are the eight symmetries of the square, each once', () => {
    const all = orientations.map((each) => [...originalPixels(3, each)].join());
    expect(new Set(all).size).toBe(8);
    // By hand, for the square 0 1 2 / 3 4 5 / 6 7 8: as it is, mirrored left to right, turned by a half, transposed.
    expect(all[0]).toBe('0,1,2,3,4,5,6,7,8');
    expect(all[1]).toBe('2,1,0,5,4,3,8,7,6');
    expect(all[3]).toBe('8,7,6,5,4,3,2,1,0');
    expect(all[4]).toBe('0,3,6,1,4,7,2,5,8');
  });

  it('move a slice to where its tissue is in the context', () => {
    const context = picture(8);
    // Two pixels of eight, from column 1 and row 4.
    const place = { x: 1 / 8, y: 4 / 8, size: 2 / 8 };
    const cut = ({ data, width }: InputImage, { x, y, size }: SliceInContext): number[] => {
      const [left, top, count] = [Math.round(x * width), Math.round(y * width), Math.round(size * width)];
      return Array.from({ length: count * count }, (_, i) => {
        const column = left + (i % count);
        const row = top + Math.floor(i / count);
        return data[4 * (row * width + column)]!;
      });
    };
    const slice = cut(context, place);
    for (const each of orientations) {
      const seen = cut(oriented(context, originalPixels(8, each)), orientedPlace(place, each));
      expect(seen).toEqual([...originalPixels(2, each)].map((position) => slice[position]));
    }
  });
});

/** Gives each pixel the logits that `logitsOf` computes of the image, its position and the context. */
function network(
  logitsOf: (image: InputImage, pixel: number, context: ContextFeatures | null) => readonly number[],
): Segmenter & { readonly live: () => number } {
  let live = 0;
  return {
    manifest: { id: 'm', classes: [{}, {}], slice: { sizePx: side } } as unknown as ModelManifest,
    encodeContext: (context) => {
      live++;
      return Object.assign({ dispose: () => void live-- }, { first: context.data[0] });
    },
    segment: async (image, context, _place, options): Promise<SliceMaps> => {
      expect(options?.logProbabilities).toBe(true);
      const logits = Array.from({ length: side * side }, (_, pixel) =>
        logitsOf(image, pixel, context),
      ).flat();
      const bytes = relativeLogits(Float32Array.from(logits), 2);
      return {
        size: side,
        classes: new Uint8Array(16),
        confidence: new Uint8Array(16),
        logProbabilities: bytes,
      };
    },
    dispose: () => undefined,
    live: () => live,
  };
}

describe('a network asked in all orientations', () => {
  it('gives what it would give anyway, where it judges each pixel by its colour', async () => {
    const image = picture();
    const byColour = network(({ data }, pixel) => [data[4 * pixel]! / 50 - 2, 0]);
    const { classes, confidence, logProbabilities } = await withSymmetries(byColour).segment(
      image,
      null,
      null,
      {
        logProbabilities: true,
      },
    );
    for (let pixel = 0; pixel < 16; pixel++) {
      const logit = image.data[4 * pixel]! / 50 - 2;
      const share = 1 / (1 + Math.exp(-Math.abs(logit)));
      expect(classes[pixel]).toBe(logit >= 0 ? 0 : 1);
      expect(Math.abs(confidence[pixel]! / 255 - share)).toBeLessThan(0.01);
      expect(logProbabilities![2 * pixel + classes[pixel]!]).toBe(255);
    }
  });

  it('averages what depends on the orientation', async () => {
    // Surely class 0 in the left half of what it sees, surely class 1 in the right half: each pixel is in both equally often.
    const byPlace = network((_image, pixel) => (pixel % side < side / 2 ? [20, 0] : [0, 20]));
    const { confidence } = await withSymmetries(byPlace).segment(picture(), null, null);
    expect([...confidence]).toEqual(new Array(16).fill(128));
    // In the top left corner alone: after averaging, in every corner with a quarter.
    const byCorner = network((_image, pixel) => (pixel === 0 ? [20, 0] : [0, 20]));
    const corners = await withSymmetries(byCorner).segment(picture(), null, null);
    expect([...corners.classes]).toEqual(new Array(16).fill(1));
    expect([...corners.confidence].map((value) => Math.round(value / 64))).toEqual([
      3, 4, 4, 3, 4, 4, 4, 4, 4, 4, 4, 4, 3, 4, 4, 3,
    ]);
  });

  it('turns contexts along, each with the slice that it belongs to, and frees all of them', async () => {
    // The same orientation has the same first pixel in slice and context, as both are the same picture here.
    const matched = network(({ data }, _pixel, context) => {
      expect((context as unknown as { readonly first: number }).first).toBe(data[0]);
      return [5, 0];
    });
    const segmenter = withSymmetries(matched);
    const context = segmenter.encodeContext(picture());
    await segmenter.segment(picture(), context, { x: 0, y: 0, size: 1 });
    expect(matched.live()).toBe(8);
    context.dispose();
    expect(matched.live()).toBe(0);
    const foreign = matched.encodeContext(picture());
    await expect(segmenter.segment(picture(), foreign, null)).rejects.toThrow(/context/);
  });
});

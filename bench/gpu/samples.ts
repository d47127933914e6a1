/** Synthetic inputs of the benchmark: images with structure, so that ReLUs and maxima behave as on tissue. */
import type { Preset } from '../../src/model/presets.ts';
import type { Sample } from '../../src/training/sample.ts';
import { image } from './segment-inputs.ts';

const classes = 4;

/** A batch whose classes follow the images' waves, so that training on it lowers the loss. */
export function samplesOf({ slicePx, contextPx }: Preset, count: number): Sample[] {
  const truth = (side: number, seed: number): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length: side * side }, (_, i) => {
      const wave = Math.sin(((i % side) + 7 * seed) / 6) * Math.cos((Math.floor(i / side) - 3 * seed) / 9);
      return Math.min(classes - 1, Math.floor(((wave + 1) / 2) * classes));
    });
  return Array.from({ length: count }, (_, index) => ({
    slice: image(slicePx, index + 1, 3),
    classes: truth(slicePx, index + 1),
    context: contextPx === null ? null : image(contextPx, index + 101, 3),
    contextClasses: contextPx === null ? null : truth(contextPx, index + 101),
    place: { x: 0.3, y: 0.3, size: 0.2 },
  }));
}

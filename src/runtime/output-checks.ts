/** Refuses results that can't be: a wrong picture without a word is worse than none. */
import { ModelError } from './manifest.ts';
import type { Segmenter, SliceMaps } from './segmenter.ts';

/** The winner's probability is computed with rounding, on some backends in half precision. */
const toleratedSteps = 3;

/**
 * `segmenter`, whose slices are errors unless every pixel has one of its classes with a probability that can win.
 * @param id names the model in messages.
 */
export function checkedOutputs(id: string, segmenter: Segmenter): Segmenter {
  const classes = segmenter.manifest.classes.length;
  const batch = segmenter.segmentBatch?.bind(segmenter);
  const warmUp = segmenter.warmUp?.bind(segmenter);
  const means = segmenter.encoderMeans?.bind(segmenter);
  const reuse = segmenter.reuse?.bind(segmenter);
  const checked = (maps: SliceMaps): SliceMaps => {
    checkMaps(id, maps, classes);
    return maps;
  };
  return {
    manifest: segmenter.manifest,
    encodeContext: (context) => segmenter.encodeContext(context),
    segment: async (slice, context, sliceInContext, options) =>
      checked(await segmenter.segment(slice, context, sliceInContext, options)),
    ...(batch && {
      segmentBatch: async (slices, context, options) => (await batch(slices, context, options)).map(checked),
    }),
    ...(warmUp && { warmUp }),
    ...(means && { encoderMeans: means }),
    ...(reuse && { reuse }),
    dispose: () => segmenter.dispose(),
  };
}

/** @throws ModelError `bad-output` naming the first value that is no result. */
export function checkMaps(
  id: string,
  { size, classes: values, confidence }: SliceMaps,
  classes: number,
): void {
  if (values.length !== size * size || confidence.length !== size * size) {
    throw badOutput(id, `maps of ${values.length} and ${confidence.length} pixels for ${size} × ${size}`);
  }
  // The winner of n classes has a probability of at least 1 / n; without numbers to compare, it has none.
  const least = Math.floor(255 / classes) - toleratedSteps;
  let [highest, lowest] = [0, 255];
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > highest) highest = values[i]!;
    if (confidence[i]! < lowest) lowest = confidence[i]!;
  }
  if (highest >= classes) {
    throw badOutput(id, `class ${highest}; the manifest has ${classes} classes, numbered from 0`);
  }
  if (lowest < least) throw badOutput(id, 'values that are not finite numbers');
}

function badOutput(id: string, what: string): ModelError {
  return new ModelError(
    'bad-output',
    id,
    `The network computes ${what}.`,
    'Fetch or export the model again, or try another backend.',
  );
}

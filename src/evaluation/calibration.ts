/**
 * Calibration: whether the confidence of a class map is what it claims. Of the pixels that a network is 80 %
 * sure of, 80 % should be right. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
 */

/** Pixels by confidence, pooled over everything added. Bins have equal width from 0 to 1. */
export interface ConfidenceBins {
  /** Per bin: pixels, those whose class is right, and the sum of confidence bytes. */
  readonly pixels: Float64Array;
  readonly right: Float64Array;
  readonly bytes: Float64Array;
}

/** A row of the reliability table. Shares and probabilities go from 0 to 1. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly pixels: number;
  /** Means over the bin's pixels; null for an empty bin. */
  readonly confidence: number | null;
  readonly accuracy: number | null;
}

export interface CalibrationFigures {
  /** Mean over pixels of |accuracy − confidence| of their bin, 0 to 1; null without a pixel. */
  readonly ece: number | null;
  /** The largest such difference of a non-empty bin. */
  readonly mce: number | null;
  /** Mean confidence minus accuracy over all pixels: above 0 the network is overconfident. */
  readonly overconfidence: number | null;
  readonly bins: readonly ReliabilityBin[];
}

/** @throws RangeError unless `bins` is a whole number of at least 1. */
export function createConfidenceBins(bins = 10): ConfidenceBins {
  if (!Number.isInteger(bins) || bins < 1) {
    throw new RangeError(`A reliability table needs at least 1 bin, not ${bins}.`);
  }
  return { pixels: new Float64Array(bins), right: new Float64Array(bins), bytes: new Float64Array(bins) };
}

/**
 * Adds one pixel per element. A confidence byte means byte / 255; a value on the border of two bins belongs
 * to the upper one, and 1 to the last.
 * @param counted if given, only pixels with a value other than 0 there are added.
 * @throws RangeError on unequal lengths; nothing is added then.
 */
export function addConfidences(
  bins: ConfidenceBins,
  truth: Uint8Array,
  predicted: Uint8Array,
  confidence: Uint8Array,
  counted?: Uint8Array,
): void {
  const pixels = truth.length;
  if ([predicted, confidence, counted ?? truth].some(({ length }) => length !== pixels)) {
    throw new RangeError(
      `Truth has ${pixels} pixels, prediction ${predicted.length}, confidence ${confidence.length}, ` +
        `mask ${counted?.length ?? 'none'}.`,
    );
  }
  const last = bins.pixels.length - 1;
  for (let i = 0; i < pixels; i++) {
    if (counted?.[i] === 0) continue;
    const byte = confidence[i] ?? 0;
    const bin = Math.min(last, Math.floor((byte * (last + 1)) / 255));
    bins.pixels[bin] = (bins.pixels[bin] ?? 0) + 1;
    bins.bytes[bin] = (bins.bytes[bin] ?? 0) + byte;
    if (truth[i] === predicted[i]) bins.right[bin] = (bins.right[bin] ?? 0) + 1;
  }
}

/** The figures of everything added. */
export function calibrationOf({ pixels, right, bytes }: ConfidenceBins): CalibrationFigures {
  const width = 1 / pixels.length;
  const bins = Array.from(pixels, (inBin, i): ReliabilityBin => ({
    from: i * width,
    to: (i + 1) * width,
    pixels: inBin,
    confidence: inBin === 0 ? null : (bytes[i] ?? 0) / 255 / inBin,
    accuracy: inBin === 0 ? null : (right[i] ?? 0) / inBin,
  }));
  const all = sum(pixels);
  if (all === 0) return { ece: null, mce: null, overconfidence: null, bins };
  const gaps = bins.map(({ confidence, accuracy }) => Math.abs((confidence ?? 0) - (accuracy ?? 0)));
  return {
    ece: gaps.reduce((total, gap, i) => total + gap * (pixels[i] ?? 0), 0) / all,
    mce: Math.max(...gaps),
    overconfidence: (sum(bytes) / 255 - sum(right)) / all,
    bins,
  };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

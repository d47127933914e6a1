/**
 * How much more accurate one model is than another on the same images, and with what certainty. Images of one
 * patient are correlated, so patients are drawn, not images (cluster bootstrap; Efron and Tibshirani 1993,
 * percentile interval).
 */

/** One image, predicted by two models. */
export interface PairedImage {
  /** Images of one group are drawn together. */
  readonly patient: string;
  /** Pixels compared, the same for both. */
  readonly pixels: number;
  /** Share of pixels with the right class, 0 to 1. */
  readonly first: number;
  readonly second: number;
}

export interface PairedInterval {
  /** Accuracy of the first minus that of the second, over all pixels; -1 to 1. */
  readonly difference: number;
  /** 95 % of the draws are between these. */
  readonly low: number;
  readonly high: number;
  readonly patients: number;
}

/**
 * @param random uniform numbers in [0, 1)
 * @throws RangeError without any pixels
 */
export function pairedBootstrap(
  images: readonly PairedImage[],
  random: () => number,
  draws = 5000,
): PairedInterval {
  const byPatient = new Map<string, { right: number; pixels: number }>();
  for (const { patient, pixels, first, second } of images) {
    const sums = byPatient.get(patient) ?? { right: 0, pixels: 0 };
    byPatient.set(patient, {
      right: sums.right + (first - second) * pixels,
      pixels: sums.pixels + pixels,
    });
  }
  const patients = [...byPatient.values()].filter(({ pixels }) => pixels > 0);
  if (patients.length === 0) throw new RangeError('There is nothing to compare.');
  const differenceOf = (some: typeof patients): number => {
    const pixels = some.reduce((sum, each) => sum + each.pixels, 0);
    return some.reduce((sum, each) => sum + each.right, 0) / pixels;
  };
  const drawn = Array.from({ length: draws }, () =>
    differenceOf(patients.flatMap(() => patients[Math.floor(random() * patients.length)] ?? [])),
  ).sort((a, b) => a - b);
  const difference = differenceOf(patients);
  return {
    difference,
    low: drawn[Math.floor(0.025 * draws)] ?? difference,
    high: drawn[Math.ceil(0.975 * draws) - 1] ?? difference,
    patients: patients.length,
  };
}

/**
 * How certain a figure is. Images of one patient are correlated, so patients are drawn, not images (cluster bootstrap;
 * Efron and Tibshirani 1993, percentile interval).
 */

/** 95 % of the draws lie between these. */
export interface PatientInterval {
  readonly low: number;
  readonly high: number;
  readonly patients: number;
}

/**
 * @param ofPatients what was counted, one entry per patient
 * @param figure of several patients' counts together; null where there is none, which is not counted as a draw
 * @param random uniform numbers in [0, 1)
 * @returns null with fewer than two patients, or if fewer than half of the draws have a figure
 */
export function patientInterval<T>(
  ofPatients: readonly T[],
  figure: (drawn: readonly T[]) => number | null,
  random: () => number,
  draws = 1000,
): PatientInterval | null {
  const patients = ofPatients.length;
  if (patients < 2) return null;
  const figures: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const drawn = ofPatients.map(() => ofPatients[Math.floor(random() * patients)] as T);
    const value = figure(drawn);
    if (value !== null) figures.push(value);
  }
  if (figures.length < draws / 2) return null;
  const sorted = Float64Array.from(figures).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { low: at(0.025), high: at(0.975), patients };
}

/** Statistics of training slices, for `feature-distance.ts`. */
import { featureDistance, type EncoderMeans, type StageStatistics } from './feature-distance.ts';

/** Share of the correlation matrix that is replaced by the identity, so that few slices give a matrix to invert. */
const shrinkage = 0.05;

/** Channels that never vary would be infinitely far with any other value. */
const leastDeviation = 1e-6;

/** What `dualscope domain` measures. */
export interface MeasuredStatistics {
  readonly stages: readonly StageStatistics[];
  /** 95 % of the slices of patients that the statistics have not seen are nearer. */
  readonly typical: number;
  readonly slices: number;
  readonly patients: number;
}

/** A slice of a patient. */
export interface PatientMeans {
  readonly patient: string;
  readonly means: EncoderMeans;
}

const folds = 5;
/** Share of slices within the typical distance. */
const typicalShare = 0.95;

/**
 * Statistics over all slices, and the distance that is typical of patients outside of them: each fifth of the patients is
 * measured by the statistics of the others.
 * @throws RangeError with fewer than two slices or two patients.
 */
export function fitStatistics(slices: readonly PatientMeans[]): MeasuredStatistics {
  const patients = [...new Set(slices.map(({ patient }) => patient))].sort();
  if (slices.length < 2 || patients.length < 2) {
    throw new RangeError('Statistics need slices of at least two patients.');
  }
  const foldOf = new Map(patients.map((patient, i) => [patient, i % Math.min(folds, patients.length)]));
  const distances: number[] = [];
  for (const fold of new Set(foldOf.values())) {
    const [inside, outside] = [true, false].map((isInside) =>
      slices.filter(({ patient }) => (foldOf.get(patient) === fold) === isInside),
    ) as [PatientMeans[], PatientMeans[]];
    const stages = statisticsOf(outside.map(({ means }) => means));
    for (const { means } of inside) distances.push(featureDistance(stages, means));
  }
  return {
    stages: statisticsOf(slices.map(({ means }) => means)),
    typical: quantile(distances, typicalShare),
    slices: slices.length,
    patients: patients.length,
  };
}

/** @param slices at least one. */
export function statisticsOf(slices: readonly EncoderMeans[]): StageStatistics[] {
  return (slices[0] ?? []).map((_, stage) => stageStatistics(slices.map((means) => means[stage]!)));
}

function stageStatistics(samples: readonly Float32Array[]): StageStatistics {
  const channels = samples[0]!.length;
  const mean = new Float64Array(channels);
  for (const sample of samples) for (let c = 0; c < channels; c++) mean[c]! += sample[c]! / samples.length;
  const deviation = new Float64Array(channels);
  for (const sample of samples) {
    for (let c = 0; c < channels; c++) deviation[c]! += (sample[c]! - mean[c]!) ** 2 / samples.length;
  }
  for (let c = 0; c < channels; c++) deviation[c] = Math.max(leastDeviation, Math.sqrt(deviation[c]!));

  // Lower triangle of the correlation matrix, row by row.
  const correlation = new Float64Array((channels * (channels + 1)) / 2);
  const standard = new Float64Array(channels);
  for (const sample of samples) {
    for (let c = 0; c < channels; c++) standard[c] = (sample[c]! - mean[c]!) / deviation[c]!;
    for (let row = 0, i = 0; row < channels; row++) {
      for (let column = 0; column <= row; column++, i++) {
        correlation[i]! += (standard[row]! * standard[column]!) / samples.length;
      }
    }
  }
  for (let row = 0, i = 0; row < channels; row++) {
    for (let column = 0; column <= row; column++, i++) {
      correlation[i] = (1 - shrinkage) * correlation[i]! + (row === column ? shrinkage : 0);
    }
  }
  return {
    mean: Float32Array.from(mean),
    deviation: Float32Array.from(deviation),
    whitening: Float32Array.from(inverseLower(cholesky(correlation, channels), channels)),
  };
}

const at = (row: number, column: number): number => (row * (row + 1)) / 2 + column;

/** The lower Cholesky factor of a positive definite matrix; both as lower triangles, row by row. */
function cholesky(matrix: Float64Array, side: number): Float64Array {
  const factor = new Float64Array(matrix.length);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[at(row, column)]!;
      for (let k = 0; k < column; k++) sum -= factor[at(row, k)]! * factor[at(column, k)]!;
      factor[at(row, column)] = row === column ? Math.sqrt(sum) : sum / factor[at(column, column)]!;
    }
  }
  return factor;
}

/** The inverse of a lower triangular matrix. */
function inverseLower(factor: Float64Array, side: number): Float64Array {
  const inverse = new Float64Array(factor.length);
  for (let column = 0; column < side; column++) {
    inverse[at(column, column)] = 1 / factor[at(column, column)]!;
    for (let row = column + 1; row < side; row++) {
      let sum = 0;
      for (let k = column; k < row; k++) sum += factor[at(row, k)]! * inverse[at(k, column)]!;
      inverse[at(row, column)] = -sum / factor[at(row, row)]!;
    }
  }
  return inverse;
}

/** Linear between the two nearest values, as numpy does by default. @param values at least one. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (position - low);
}

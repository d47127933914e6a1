/**
 * What the benchmark measures: one job per process, so that a driver that crashes or hangs costs one figure only.
 * Every job is independent and returns plain figures.
 */

/** `cuda` computes with TF32 where its libraries do by default; `cuda-fp32` has that switched off. */
export type Provider = 'cpu' | 'webgpu' | 'cuda' | 'cuda-fp32';

/** Name of ONNX Runtime's execution provider. */
export function executionProvider(provider: Provider): 'cpu' | 'webgpu' | 'cuda' {
  return provider === 'cuda-fp32' ? 'cuda' : provider;
}

interface OnProvider {
  readonly provider: Provider;
  /** Seconds of repetitions to time, after the warm-up. */
  readonly seconds: number;
}

export interface CeilingJob extends OnProvider {
  readonly kind: 'ceiling';
}

export interface TrainingJob extends OnProvider {
  readonly kind: 'training';
  readonly preset: string;
  /** Side of the slice's input, pixels. */
  readonly px: number;
  readonly batch: number;
  /** Weights and moments stay on the card from step to step. */
  readonly resident: boolean;
}

export interface AgreementJob {
  readonly kind: 'agreement';
  readonly provider: Provider;
  readonly preset: string;
  readonly px: number;
  readonly batch: number;
}

export interface PlacementJob {
  readonly kind: 'placement';
  readonly provider: Provider;
  readonly preset: string;
  readonly px: number;
  readonly batch: number;
}

export interface InferenceJob extends OnProvider {
  readonly kind: 'inference';
  /** A preset with random weights as `preset@pixels`, or the id of a folder of models. */
  readonly model: string;
  readonly batches: readonly number[];
}

export interface TfjsJob {
  readonly kind: 'tfjs';
  readonly model: string;
  readonly seconds: number;
}

export type Job = CeilingJob | TrainingJob | AgreementJob | PlacementJob | InferenceJob | TfjsJob;

/** What a job is given besides its own settings. */
export interface Surroundings {
  /** Folder of model folders. */
  readonly models: string;
  /** Single-precision peak of the card, multiply-adds per second; null when unknown. */
  readonly peakMacs: number | null;
  readonly threads: number;
}

export type Figures = Readonly<Record<string, unknown>>;

export function jobName(job: Job): string {
  switch (job.kind) {
    case 'ceiling':
      return `ceiling ${job.provider}`;
    case 'inference':
      return `inference ${job.model} ${job.provider}`;
    case 'tfjs':
      return `tfjs ${job.model}`;
    case 'training':
      return `training ${job.preset}@${String(job.px)} batch ${String(job.batch)} ${job.provider}${job.resident ? ' resident' : ''}`;
    default:
      return `${job.kind} ${job.preset}@${String(job.px)} batch ${String(job.batch)} ${job.provider}`;
  }
}

/** Four significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

export interface Timing {
  readonly fastestMs: number;
  readonly medianMs: number;
  readonly runs: number;
}

/** Repeats `work`, at least three times, until `seconds` have passed. */
export async function repeat(seconds: number, work: () => Promise<unknown>): Promise<Timing> {
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (times.length < 3 || (performance.now() < end && times.length < 1000)) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return {
    fastestMs: rounded(times[0] ?? NaN),
    medianMs: rounded(times[Math.floor(times.length / 2)] ?? NaN),
    runs: times.length,
  };
}

/** Rate and share of peak of `macs` multiply-adds in `ms`. */
export function rateOf(macs: number, ms: number, { peakMacs }: Surroundings, provider: Provider): Figures {
  const perSecond = (1000 * macs) / ms;
  return {
    gflops: rounded((2 * perSecond) / 1e9),
    // The peak is the card's.
    shareOfPeak: provider === 'cpu' || peakMacs === null ? null : rounded(perSecond / peakMacs),
  };
}

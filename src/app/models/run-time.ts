/** How long a run will take, before it is started: slices by speed, both rounded to what they are worth. Pure. */
import { formatCount, formatDuration } from '../format.ts';
import type { ModelEntry } from '../state/state.ts';
import type { ExpectedSpeed } from './model-speed.ts';

/** Orientations of a slice that are averaged, if so asked. */
const orientations = 8;

export interface RunSize {
  readonly slices: number;
  /** null where no model has run on this device yet. */
  readonly speed: ExpectedSpeed | null;
  readonly symmetries: boolean;
}

/** Slices of an area, background included. @param area level-0 pixels @param overlap 0 to 1 */
export function slicesOf(
  { manifest: { slice } }: ModelEntry,
  area: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  mpp: { readonly x: number; readonly y: number },
  overlap: number,
): number {
  const cellUm = slice.fieldUm * (1 - overlap);
  const cells = (from: number, length: number, umPerPx: number): number => {
    const cell = cellUm / umPerPx;
    return length <= 0 ? 0 : Math.ceil((from + length) / cell) - Math.floor(from / cell);
  };
  return cells(area.x, area.width, mpp.x) * cells(area.y, area.height, mpp.y);
}

/** Such as `270 slices, ≈ 30 s (estimated)`; the models take turns, so their times add up. */
export function runTimeText(runs: readonly RunSize[]): string {
  const slices = runs.reduce((sum, run) => sum + run.slices, 0);
  const count = `${formatCount(slices)} ${slices === 1 ? 'slice' : 'slices'}`;
  const seconds = runs.reduce((sum, run) => sum + secondsOf(run), 0);
  if (runs.length === 0 || Number.isNaN(seconds)) return `${count}, time not measured`;
  const isMeasured = runs.every(({ speed }) => speed?.measured === true);
  return `${count}, ≈ ${formatDuration(roughly(seconds))}${isMeasured ? '' : ' (estimated)'}`;
}

/** NaN where the speed is not known. */
function secondsOf({ slices, speed, symmetries }: RunSize): number {
  return speed === null ? Number.NaN : (slices * (symmetries ? orientations : 1)) / speed.slicesPerSecond;
}

/** To full seconds below 20, to 5 s below 2 min, to 30 s below 10 min, else to minutes; at least a second. */
function roughly(seconds: number): number {
  const step = seconds < 20 ? 1 : seconds < 120 ? 5 : seconds < 600 ? 30 : 60;
  return Math.max(1, Math.round(seconds / step) * step);
}

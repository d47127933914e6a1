/** What each preset costs: the rows of `dualscope zoo`, computed by the cost interpreter. */
import { encodeContext, fullSizeLogits, readsContext } from '../model/network.ts';
import type { Shape4 } from '../model/ops.ts';
import type { Preset } from '../model/presets.ts';
import { CostOps } from './cost.ts';

/** DESIGN 7 fixes the JSON fields. */
export interface ZooRow {
  readonly id: string;
  readonly table: string;
  /** Trainable. */
  readonly parameters: number;
  readonly movingStatistics: number;
  /** float32 checkpoint, 10^6 bytes. */
  readonly checkpointMB: number;
  /** 10^9 multiply-accumulates of one slice with its context, at the preset's own input. */
  readonly gmac: number;
  /** The same with reused context features; equal to `gmac` for single inputs. */
  readonly gmacReusedContext: number;
  /** 10^6 bytes of all activations of one slice with its context, float32. */
  readonly activationMB: number;
  /** Side of the slice's input, pixels. */
  readonly inputPx: number;
}

export function zooRow(preset: Preset): ZooRow {
  const cost = presetCost(preset);
  const contextMacs = readsContext(preset.network) ? contextCost(preset).macs : 0;
  return {
    id: preset.id,
    table: preset.table,
    parameters: cost.parameters,
    movingStatistics: cost.movingStatistics,
    checkpointMB: round(cost.checkpointMB, 1),
    gmac: round(cost.macs / 1e9, 3),
    gmacReusedContext: round((cost.macs - contextMacs) / 1e9, 3),
    activationMB: round(cost.activationBytes / 1e6, 1),
    inputPx: preset.slicePx,
  };
}

/** Cost of one slice with its context at the preset's own input. */
export function presetCost(preset: Preset): CostOps {
  const cost = new CostOps();
  const slice: Shape4 = [1, preset.slicePx, preset.slicePx, 3];
  fullSizeLogits(
    cost,
    { slice, context: contextShape(preset), sliceInContext: [1, 1, 1, 4] },
    preset.network,
  );
  return cost;
}

/** Cost of the context path alone. */
export function contextCost(preset: Preset): CostOps {
  const cost = new CostOps();
  encodeContext(cost, contextShape(preset) ?? [1, 0, 0, 3], preset.network);
  return cost;
}

function contextShape({ contextPx }: Preset): Shape4 | null {
  return contextPx === null ? null : [1, contextPx, contextPx, 3];
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

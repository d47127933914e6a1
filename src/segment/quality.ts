/** How much slices overlap, as the user chooses it, and what that costs. */
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SlicePlan } from './grid.ts';

/** `overlap` is the share of a slice's side in common with its neighbour. */
export const qualities = [
  { id: 'fast', overlap: 0 },
  { id: 'standard', overlap: 0.125 },
  { id: 'best', overlap: 0.25 },
] as const;

export type QualityId = (typeof qualities)[number]['id'];

/** Overlap of a quality. */
export function overlapOf(id: QualityId): number {
  return qualities.find((quality) => quality.id === id)?.overlap ?? 0;
}

/** Multiply-accumulates that a plan takes: its slices, and each of its contexts once. */
export function planMacs(plan: SlicePlan, model: Pick<ModelManifest, 'macs' | 'macsReusedContext'>): number {
  const perContext = plan.contextSizePx === null ? 0 : model.macs - model.macsReusedContext;
  return plan.slices.length * model.macsReusedContext + plan.regions.length * perContext;
}

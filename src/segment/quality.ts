/** Quality levels: overlap of slices, and its cost. */
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SlicePlan } from './grid.ts';

/** `overlap` of neighbouring slices as a share of their side. */
export const qualities = [
  { id: 'fast', overlap: 0 },
  { id: 'standard', overlap: 0.125 },
  { id: 'best', overlap: 0.25 },
] as const;

export type QualityId = (typeof qualities)[number]['id'];

/** Overlap of a quality level. */
export function overlapOf(id: QualityId): number {
  return qualities.find((quality) => quality.id === id)?.overlap ?? 0;
}

/** Multiply-accumulates of a plan: its slices, and each context once. */
export function planMacs(plan: SlicePlan, model: Pick<ModelManifest, 'macs' | 'macsReusedContext'>): number {
  const perContext = plan.contextSizePx === null ? 0 : model.macs - model.macsReusedContext;
  return plan.slices.length * model.macsReusedContext + plan.regions.length * perContext;
}

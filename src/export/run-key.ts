/** What tells one run from another: slices with the same key fit together, all others do not. */
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SlicePlan } from '../segment/grid.ts';

/**
 * SHA-256, in hex, over the slide's fingerprint, the model's hashes, the lattice of slices and the area.
 * @param area what was asked for; null for the whole slide.
 */
export async function runKey(
  fingerprint: string,
  { graph }: ModelManifest,
  plan: SlicePlan,
  area: unknown,
): Promise<string> {
  const { slideWidth, slideHeight, columns, rows, cellWidth, cellHeight, cellPx, marginPx } = plan;
  const text = JSON.stringify({
    fingerprint,
    graph: graph.sha256,
    weights: graph.weightsSha256,
    grid: { slideWidth, slideHeight, columns, rows, cellWidth, cellHeight, cellPx, marginPx },
    area,
  });
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

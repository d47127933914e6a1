/** Into how many jobs a slide is divided. */
import type { CohortSettings } from '../../cohort/settings.ts';
import type { ModelManifest } from '../../runtime/manifest.ts';
import { overlapOf } from '../../segment/quality.ts';
import { planSlide } from '../run-model.ts';
import { openFromCommandLine } from '../slide.ts';

/**
 * By the slices of the whole slide, glass included: finding tissue would mean reading every slide here.
 * @returns 1 for a slide that can't be opened; its job will say why.
 */
export async function shardsFor(
  source: string,
  manifest: ModelManifest,
  { above_slices: aboveSlices, jobs }: NonNullable<CohortSettings['shards']>,
  { quality, mpp }: Pick<CohortSettings, 'quality' | 'mpp'>,
): Promise<number> {
  try {
    const slide = await openFromCommandLine([source]);
    try {
      const { plan } = await planSlide(slide, manifest, {
        mpp: slide.metadata.mpp === null ? mpp : null,
        area: { kind: 'slide' },
        overlap: overlapOf(quality),
        glass: null,
      });
      return plan.slices.length > aboveSlices ? jobs : 1;
    } finally {
      slide.close();
    }
  } catch {
    return 1;
  }
}

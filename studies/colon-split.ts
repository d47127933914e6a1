/** Who is trained on, who chooses the checkpoint, and who is measured: one split by patient for all colon models. */
import { planMosaics } from './ebhi-mosaic-plan.ts';
import { demoPatients, type EbhiTile } from './ebhi-seg.ts';

/** Of GlaS's 16 patients: all kinds of gland, and many patients rather than many images, for intervals are over patients. */
export const GLAS_MEASURED: readonly string[] = ['5', '7', '8', '9', '12', '14', '15', '16'];
export const GLAS_VALIDATION: readonly string[] = ['4', '13'];
/** Folds of EBHI-Seg by case. Fold 0 by the spelling of ids is on the demo slide. */
export const EBHI_MEASURED = '1';
/** Every third case of this fold: enough to choose a checkpoint, and quick. */
export const EBHI_VALIDATION = '4';

/** Cases of EBHI-Seg with mosaics, without those on the demo slide. */
export function ebhiCases(index: readonly EbhiTile[]): { measured: string[]; validation: string[] } {
  const onDemo = demoPatients(index);
  const mosaics = planMosaics(index).filter(({ patient }) => !onDemo.has(patient));
  const ofFold = (wanted: string): string[] => [
    ...new Set(mosaics.filter(({ fold }) => fold === wanted).map(({ patient }) => patient)),
  ];
  return {
    measured: ofFold(EBHI_MEASURED),
    validation: ofFold(EBHI_VALIDATION).filter((_, i) => i % 3 === 0),
  };
}

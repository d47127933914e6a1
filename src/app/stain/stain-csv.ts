/** What was measured of a stain, as a table. */
import { csvTable } from '../../base/csv.ts';
import { scoreOf } from '../../worker/stain-client.ts';
import { namesOf } from './use-stains.ts';
import type { StainState } from './stain-state.ts';

const header = [
  'slide',
  'area',
  'stain',
  'tissue_mm2',
  'positive_percent',
  'weak_percent',
  'moderate_percent',
  'strong_percent',
  'h_score',
  'mean_od',
  'weak_from_od',
  'moderate_from_od',
  'strong_from_od',
  'um_per_px',
  'glass_left_out',
  'unread_parts',
  'stain_1_rgb_od',
  'stain_2_rgb_od',
  'white_rgb',
  'note',
];

/** One row per measured area. */
export function stainCsv(slide: string, state: StainState): string {
  const { separation, rows, measured, thresholds } = state;
  if (separation === null) return csvTable(header, []);
  const { first, second } = separation.stains;
  const vector = (values: readonly number[]): string => values.map((value) => value.toFixed(4)).join(' ');
  return csvTable(
    header,
    rows.flatMap(({ title, histogram, umPerPx, glassLeftOut, broken }) => {
      const score = scoreOf(histogram, thresholds);
      if (score === null) return [];
      const percent = (share: number): number => Number((100 * share).toFixed(3));
      const { pixels, positive, weak, moderate, strong, hScore, mean } = score;
      return [
        [
          ...[slide, title, namesOf(state)[measured]],
          Number(((pixels * umPerPx ** 2) / 1e6).toFixed(6)),
          ...[positive, weak, moderate, strong].map(percent),
          ...[Number(hScore.toFixed(2)), Number(mean.toFixed(4)), ...thresholds],
          ...[Number(umPerPx.toFixed(4)), glassLeftOut, broken],
          ...[vector(first), vector(second), separation.white.join(' ')],
          'By tissue area, not by nuclei. Research use only.',
        ],
      ];
    }),
  );
}

/**
 * The codes of BCSS masks (its `meta/gtruth_codes.tsv`) and the classes that they are merged to. The only table of them in
 * the code; docs/training.md shows it to users.
 */
import type { MaskCode } from './code-classes.ts';

const row = (code: number, label: string, className: string | null): MaskCode => ({ code, label, className });

export const bcssCodes: readonly MaskCode[] = [
  // The authors: outside the region is unlabelled, no class of its own.
  row(0, 'outside_roi', null),
  row(1, 'tumor', 'tumour'),
  row(2, 'stroma', 'stroma'),
  row(3, 'lymphocytic_infiltrate', 'inflammatory'),
  row(4, 'necrosis_or_debris', 'necrosis'),
  row(5, 'glandular_secretions', 'other'),
  row(6, 'blood', 'other'),
  row(7, 'exclude', null),
  row(8, 'metaplasia_NOS', 'other'),
  row(9, 'fat', 'other'),
  row(10, 'plasma_cells', 'inflammatory'),
  row(11, 'other_immune_infiltrate', 'inflammatory'),
  row(12, 'mucoid_material', 'other'),
  row(13, 'normal_acinus_or_duct', 'other'),
  row(14, 'lymphatics', 'other'),
  row(15, 'undetermined', null),
  row(16, 'nerve', 'other'),
  row(17, 'skin_adnexa', 'other'),
  row(18, 'blood_vessel', 'other'),
  row(19, 'angioinvasion', 'tumour'),
  row(20, 'dcis', 'tumour'),
  row(21, 'other', 'other'),
];

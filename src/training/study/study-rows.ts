/**
 * The rows of the paper's two tables as compact networks, and how they are trained: a row differs from the others in its network
 * alone (docs/study.md).
 */

export interface StudyRow {
  readonly id: string;
  readonly preset: string;
  /** What the tables call it. */
  readonly title: string;
  readonly description: string;
  /** The paper's tables that it stands in: 1 compares inputs, 2 fusions. */
  readonly tables: readonly (1 | 2)[];
  /** "Params" of the paper's row with ResNet-50: size of its checkpoint, MB (DESIGN 3); null where it has none. */
  readonly paperMB: number | null;
}

export const studyRows: readonly StudyRow[] = [
  row('unet', 'U-Net', 'U-Net: reads each slice alone, trained from scratch.', [1], null),
  row('single', 'RefineNet, one input', 'Reads each slice alone.', [1], 334),
  row(
    'multisize',
    'Multi-size dual inputs',
    'Reads each slice twice, the second time at half the size; no wider field.',
    [1],
    null,
  ),
  row('add', 'Dual inputs, add', 'Reads each slice with its wide context; features are added.', [1, 2], 441),
  row(
    'concat',
    'Dual inputs, concat',
    'Reads each slice with its wide context; features are joined.',
    [2],
    null,
  ),
  row(
    'attention',
    'Dual inputs, attention',
    'Reads each slice with its wide context, which weighs the channels of the slice.',
    [2],
    null,
  ),
  row(
    'aligned',
    'Dual inputs, aligned (ours)',
    'Reads each slice with its wide context, registered to the slice, and weighs what the context says at that place.',
    [2],
    null,
  ),
];

function row(
  id: string,
  title: string,
  description: string,
  tables: readonly (1 | 2)[],
  paperMB: number | null,
): StudyRow {
  return { id, preset: `compact-${id}`, title, description, tables, paperMB };
}

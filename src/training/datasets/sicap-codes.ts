/**
 * The codes of SICAPv2 masks and their classes. The masks of version 2 hold Gleason grades; its readme says 0 to 3, which none
 * of them has in this sense. The only table of them in the code; docs/training.md shows it to users.
 */
import type { MaskCode } from './code-classes.ts';

export const sicapCodes: readonly MaskCode[] = [
  { code: 0, label: 'not annotated as cancer', className: 'non-cancerous' },
  { code: 3, label: 'Gleason grade 3', className: 'Gleason 3' },
  { code: 4, label: 'Gleason grade 4', className: 'Gleason 4' },
  { code: 5, label: 'Gleason grade 5', className: 'Gleason 5' },
];

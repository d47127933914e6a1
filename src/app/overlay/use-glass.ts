/** Where the open slide shows glass, which confidence leaves out. */
import { useMemo } from 'react';
import type { TissueMask } from '../../segment/tissue.ts';
import { useTissueMask } from '../session/use-tissue-mask.ts';

/**
 * @param wanted whether it is needed; the mask is read then
 * @returns whether a place, in level-0 pixels, is glass; null while that is not known
 */
export function useGlass(wanted: boolean): ((x: number, y: number) => boolean) | null {
  const mask = useTissueMask(wanted);
  return useMemo(() => (mask === null ? null : (x, y) => isGlass(mask, x, y)), [mask]);
}

/** @param x level-0 pixels @param y level-0 pixels */
export function isGlass(mask: TissueMask, x: number, y: number): boolean {
  const column = Math.floor(x / mask.scaleX);
  const row = Math.floor(y / mask.scaleY);
  if (column < 0 || row < 0 || column >= mask.width || row >= mask.height) return false;
  return mask.tissue[row * mask.width + column] === 0;
}

/** Where the open slide shows glass, which confidence leaves out. */
import { useEffect, useMemo, useState } from 'react';
import type { TissueMask } from '../../segment/tissue.ts';
import { activeModel, currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';

/**
 * @param wanted whether it is needed; the mask is read then
 * @returns whether a place, in level-0 pixels, is glass; null while that is not known
 */
export function useGlass(wanted: boolean): ((x: number, y: number) => boolean) | null {
  const { engine } = useWorkbench();
  const slideId = useApp((state) => state.slide?.slideId ?? null);
  const mpp = useApp((state) => currentMpp(state.slide)?.x ?? null);
  const model = useApp((state) => activeModel(state)?.id ?? null);
  const ready = useApp((state) => state.backend.kind === 'ready');
  const [known, setKnown] = useState<{ key: string; mask: TissueMask | null } | null>(null);
  const key = [slideId, mpp, model].join('/');
  useEffect(() => {
    if (!wanted || !ready || slideId === null || mpp === null || model === null) return;
    let current = true;
    void engine.tissue().then((mask) => {
      if (current) setKnown({ key, mask });
    });
    return () => {
      current = false;
    };
  }, [engine, key, ready, slideId, mpp, model, wanted]);
  const mask = wanted && known?.key === key ? known.mask : null;
  return useMemo(() => (mask === null ? null : (x, y) => isGlass(mask, x, y)), [mask]);
}

/** @param x level-0 pixels @param y level-0 pixels */
export function isGlass(mask: TissueMask, x: number, y: number): boolean {
  const column = Math.floor(x / mask.scaleX);
  const row = Math.floor(y / mask.scaleY);
  if (column < 0 || row < 0 || column >= mask.width || row >= mask.height) return false;
  return mask.tissue[row * mask.width + column] === 0;
}

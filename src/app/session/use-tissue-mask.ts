/** The tissue mask of the open slide, for whatever shows or measures it. */
import { useEffect, useState } from 'react';
import type { TissueMask } from '../../segment/tissue.ts';
import { activeModel, currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';

/**
 * The mask on the active model's grid, or on that of the first model under a layer without one.
 * @param wanted whether it is needed; the slide is searched for tissue then
 * @returns null while it is not known, and without a backend, slide or resolution
 */
export function useTissueMask(wanted = true): TissueMask | null {
  const { engine } = useWorkbench();
  const slideId = useApp((state) => state.slide?.slideId ?? null);
  const mpp = useApp((state) => currentMpp(state.slide)?.x ?? null);
  const model = useApp((state) => activeModel(state)?.id ?? null);
  const ready = useApp((state) => state.backend.kind === 'ready');
  const [known, setKnown] = useState<{ key: string; mask: TissueMask | null } | null>(null);
  const key = [slideId, mpp, model].join('/');
  useEffect(() => {
    if (!wanted || !ready || slideId === null || mpp === null) return;
    let current = true;
    void engine.tissue().then((mask) => {
      if (current) setKnown({ key, mask });
    });
    return () => {
      current = false;
    };
  }, [engine, key, ready, slideId, mpp, model, wanted]);
  return wanted && known?.key === key ? known.mask : null;
}

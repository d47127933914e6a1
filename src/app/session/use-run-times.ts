/** What the two segment commands will compute and how long that takes, for their buttons and the run section. */
import { useEffect, useState, useSyncExternalStore } from 'react';
import { overlapOf } from '../../worker/segment-client.ts';
import { expectedSpeed } from '../models/model-speed.ts';
import { runTimeText, slicesOf } from '../models/run-time.ts';
import type { RunSize } from '../models/run-time.ts';
import { activeModel, currentMpp, shownModels } from '../state/state.ts';
import type { AppState } from '../state/state.ts';
import type { Workbench } from '../session/workbench.ts';
import { useWorkbench } from '../workbench-context.ts';
import type { SegmentEstimate } from '../../worker/protocol.ts';

/** Milliseconds between updates while the view moves. */
const interval = 300;

export interface RunTimes {
  /** Background included, as nobody has looked for it yet. */
  readonly visible: string | null;
  readonly whole: string | null;
}

/** Slices of the whole slide at each quality; null until they are known. */
export function useRunEstimate(): SegmentEstimate | null {
  const { estimates } = useWorkbench();
  return useSyncExternalStore(estimates.subscribe, estimates.get);
}

export function useRunTimes(): RunTimes {
  const workbench = useWorkbench();
  const [times, setTimes] = useState<RunTimes>({ visible: null, whole: null });
  useEffect(() => {
    let timer: number | undefined;
    const update = (): void => {
      timer = undefined;
      const next = runTimes(workbench);
      setTimes((now) => (now.visible === next.visible && now.whole === next.whole ? now : next));
    };
    const soon = (): void => {
      timer ??= window.setTimeout(update, interval);
    };
    update();
    const ends = [
      workbench.store.subscribe(inputsOf, update, { equalityFn: isSameList }),
      workbench.estimates.subscribe(update),
      workbench.onActiveFrame(soon),
    ];
    return () => {
      window.clearTimeout(timer);
      ends.forEach((end) => end());
    };
  }, [workbench]);
  return times;
}

function inputsOf(state: AppState): readonly unknown[] {
  const { slide, models, speeds, panes, compare, preferences } = state;
  return [slide, models, speeds, panes, compare, preferences.quality, preferences.symmetries];
}

const isSameList = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.every((value, i) => value === other[i]);

function runTimes(workbench: Workbench): RunTimes {
  const state = workbench.store.getState();
  const { slide, preferences, models, speeds } = state;
  const mpp = currentMpp(slide);
  const shown = shownModels(state);
  const active = activeModel(state);
  if (slide === null || mpp === null || shown.length === 0) return { visible: null, whole: null };
  const overlap = overlapOf(preferences.quality);
  const all = { x: 0, y: 0, width: slide.metadata.width, height: slide.metadata.height };
  const textFor = (slices: (model: (typeof shown)[number]) => number): string =>
    runTimeText(
      shown.map((model): RunSize => ({
        slices: slices(model),
        speed: expectedSpeed(model, models ?? [], speeds),
        symmetries: preferences.symmetries,
      })),
    );
  const area = workbench.activeView()?.visibleArea() ?? null;
  const known = workbench.estimates.get()?.qualities.find((quality) => quality.overlap === overlap)?.slices;
  // Other models have slices of other sizes, over the same tissue.
  const tissue = active === null || known === undefined ? null : known / slicesOf(active, all, mpp, overlap);
  return {
    visible: area === null ? null : textFor((model) => slicesOf(model, area, mpp, overlap)),
    whole:
      tissue === null
        ? null
        : textFor((model) =>
            model === active ? (known ?? 0) : Math.round(tissue * slicesOf(model, all, mpp, overlap)),
          ),
  };
}

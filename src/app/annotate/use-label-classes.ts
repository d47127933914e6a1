import { useMemo } from 'react';
import { activePaneOf } from '../state/state.ts';
import { useApp } from '../workbench-context.ts';
import { labelClasses, labelModel } from './label-colours.ts';
import type { LabelClass } from './label-colours.ts';

/** The classes that annotations can be given, with the active pane's palette. */
export function useLabelClasses(): LabelClass[] {
  const model = useApp(labelModel);
  const palette = useApp((state) => activePaneOf(state).overlay.palette);
  return useMemo(() => labelClasses(model, palette), [model, palette]);
}

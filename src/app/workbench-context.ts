/** How components reach the workbench and its state. */
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { Workbench } from './session/workbench.ts';
import type { AppState } from './state/state.ts';

export const WorkbenchContext = createContext<Workbench | null>(null);

export function useWorkbench(): Workbench {
  const workbench = useContext(WorkbenchContext);
  if (workbench === null) throw new Error('A component is used outside of the workbench.');
  return workbench;
}

/** Renders again only when what `select` returns changes by identity. */
export function useApp<Selected>(select: (state: AppState) => Selected): Selected {
  return useStore(useWorkbench().store, select);
}

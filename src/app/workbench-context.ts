/** React context of the workbench, and hooks for it and its state. */
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

/** Re-renders only when the identity of the selected value changes. */
export function useApp<Selected>(select: (state: AppState) => Selected): Selected {
  return useStore(useWorkbench().store, select);
}

/** The stains of the open slide, in React. */
import { useStore } from 'zustand';
import { stainNames } from '../../worker/stain-client.ts';
import { useWorkbench } from '../workbench-context.ts';
import type { StainState } from './stain-state.ts';

/** Re-renders only when the identity of the selected value changes. */
export function useStains<Selected>(select: (state: StainState) => Selected): Selected {
  return useStore(useWorkbench().stains.state, select);
}

/** The names of the stains in use. */
export function namesOf({ choice, separation }: StainState): readonly [string, string, string] {
  if (choice === 'estimated' || choice === 'areas') return stainNames('own');
  return stainNames(separation?.stains.kind ?? 'own');
}

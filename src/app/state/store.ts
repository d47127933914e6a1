/** The app's zustand store, which only changes through the reducer. */
import { subscribeWithSelector } from 'zustand/middleware';
import { createStore } from 'zustand/vanilla';
import type { Mutate, StoreApi } from 'zustand/vanilla';
import { reduce } from './reducer.ts';
import type { Action } from './reducer.ts';
import type { AppState } from './state.ts';

type SelectingStore = Mutate<StoreApi<AppState>, [['zustand/subscribeWithSelector', never]]>;

export interface AppStore extends Omit<SelectingStore, 'setState'> {
  dispatch(action: Action): void;
}

export function createAppStore(initial: AppState): AppStore {
  const { setState, ...store } = createStore<AppState>()(subscribeWithSelector(() => initial));
  return { ...store, dispatch: (action) => setState((state) => reduce(state, action), true) };
}

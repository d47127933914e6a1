/** The first view of a slide comes before all else that reads it: estimates, thumbnails, a look at its background. */
import { abortReason } from '../../base/abort.ts';
import type { SlideView } from '../viewer/slide-view.ts';

/** Milliseconds after which the others go on: a view may be hidden, and a server slow. */
const mostMs = 2000;

export class FirstView {
  readonly #view: () => Pick<SlideView, 'slideId' | 'isLoaded'> | null;
  readonly #onFrame: (listener: () => void) => () => void;

  /** @param onFrame calls a listener after every frame of the view. @returns a function that stops this */
  constructor(
    view: () => Pick<SlideView, 'slideId' | 'isLoaded'> | null,
    onFrame: (listener: () => void) => () => void,
  ) {
    this.#view = view;
    this.#onFrame = onFrame;
  }

  /** Resolves once all tiles in the view of a slide are there, or after a while. @throws an AbortError */
  async of(slideId: number, signal?: AbortSignal): Promise<void> {
    const isThere = (): boolean => {
      const view = this.#view();
      return view?.slideId === slideId && view.isLoaded();
    };
    if (isThere()) return;
    let stop = (): void => undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      stop = this.#onFrame(() => {
        if (isThere()) resolve();
      });
      timer = setTimeout(resolve, mostMs);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
    stop();
    clearTimeout(timer);
    if (signal?.aborted === true) throw abortReason(signal);
  }
}

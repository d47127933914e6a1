/** Links panes: the views of the others follow the active one, and show where its pointer is. */
import type { ViewPlace } from '../navigate/view-address.ts';
import type { LinkMode } from '../state/state.ts';

export interface LinkedView {
  place(): ViewPlace | null;
  goTo(place: ViewPlace): void;
}

export class ViewLink {
  #leader: LinkedView | null = null;
  #last: ViewPlace | null = null;

  /** Call when `leader` has moved; moves the others according to `mode`. */
  lead(leader: LinkedView, views: Iterable<LinkedView>, mode: LinkMode): void {
    const place = leader.place();
    // Moves from before a view took the lead do not apply to the others.
    const before = leader === this.#leader ? this.#last : null;
    this.#leader = leader;
    this.#last = place;
    if (place === null || mode === 'free') return;
    for (const view of views) {
      if (view === leader) continue;
      const current = view.place();
      if (current === null) continue;
      const next = mode === 'linked' ? place : before === null ? null : moved(current, before, place);
      if (next !== null && !isSame(current, next)) view.goTo(next);
    }
  }
}

/** `current` after the move from `before` to `after`. */
function moved(current: ViewPlace, before: ViewPlace, after: ViewPlace): ViewPlace {
  return {
    x: current.x + after.x - before.x,
    y: current.y + after.y - before.y,
    scale: (current.scale * after.scale) / before.scale,
    rotation: current.rotation + after.rotation - before.rotation,
    flip: current.flip !== (after.flip !== before.flip),
  };
}

function isSame(one: ViewPlace, other: ViewPlace): boolean {
  return (
    Math.abs(one.x - other.x) < 1e-9 &&
    Math.abs(one.y - other.y) < 1e-9 &&
    Math.abs(one.scale / other.scale - 1) < 1e-9 &&
    one.rotation === other.rotation &&
    one.flip === other.flip
  );
}

/** Position of the pointer on the slide, and the pane it is in. */
export interface SlidePointer {
  readonly paneId: string;
  /** Level-0 pixels. */
  readonly x: number;
  readonly y: number;
}

/** The pointer, for the other panes to show. */
export class SharedPointer {
  readonly #listeners = new Set<() => void>();
  #at: SlidePointer | null = null;

  get(): SlidePointer | null {
    return this.#at;
  }

  /** @param at null when the pointer leaves the panes */
  set(at: SlidePointer | null): void {
    this.#at = at;
    for (const listener of [...this.#listeners]) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

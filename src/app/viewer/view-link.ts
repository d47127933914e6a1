/** Keeps the views of several panes together: the active one leads, the others follow. */
import type { ViewPlace } from '../navigate/view-address.ts';
import type { LinkMode } from '../state/state.ts';

export type { ViewPlace };

export interface LinkedView {
  place(): ViewPlace | null;
  goTo(place: ViewPlace): void;
}

export class ViewLink {
  #leader: LinkedView | null = null;
  #last: ViewPlace | null = null;

  /** Called when `leader` has moved; moves the others as `mode` says. */
  lead(leader: LinkedView, views: Iterable<LinkedView>, mode: LinkMode): void {
    const place = leader.place();
    // What a view did before it led says nothing about where the others should be.
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

/** The agreement of several models, updated slice by slice as their maps grow. */
import { LiveClassMap } from '../overlay/class-map-store.ts';
import type { StoredSlice } from '../overlay/class-map-store.ts';
import type { LayerContent } from '../session/layer-content.ts';
import { voteClasses, votesOf } from './votes.ts';
import type { VoteGrid } from './votes.ts';

export class VotesLayer {
  readonly content: LayerContent;
  readonly voters: readonly LayerContent[];
  readonly #slide: { readonly width: number; readonly height: number };
  readonly #waiting = new Set<StoredSlice>();
  readonly #versions: number[];

  /** @param voters with the same classes, at least two */
  constructor(voters: readonly LayerContent[], slide: { readonly width: number; readonly height: number }) {
    this.voters = voters;
    this.#slide = slide;
    this.#versions = voters.map(() => 0);
    this.content = {
      title: `Agreement of ${voters.length} models`,
      classes: voteClasses(voters.length),
      map: new LiveClassMap(),
      certain: true,
      overridden: voters.some(({ overridden = false }) => overridden),
    };
  }

  /**
   * Counts where slices have changed.
   * @param milliseconds stops after about that long
   * @returns whether all is counted
   */
  update(milliseconds = Infinity): boolean {
    this.#queueChanged();
    const end = performance.now() + milliseconds;
    for (const slice of this.#waiting) {
      this.#count(slice);
      this.#waiting.delete(slice);
      if (performance.now() > end) break;
    }
    return this.#waiting.size === 0;
  }

  #queueChanged(): void {
    const [first] = this.voters;
    if (first === undefined) return;
    this.voters.forEach(({ map }, index) => {
      const known = this.#versions[index] ?? 0;
      if (map.version === known) return;
      this.#versions[index] = map.version;
      for (const slice of map.slices) {
        if (slice.generation <= known) continue;
        if (index === 0) this.#waiting.add(slice);
        else for (const meeting of slicesWithin(first.map, slice)) this.#waiting.add(meeting);
      }
    });
  }

  #count(slice: StoredSlice): void {
    const [first, ...others] = this.voters;
    // A slice that has been computed again since.
    if (first?.map.at(slice.column, slice.row) !== slice) return;
    const { size, classes } = slice.map(0);
    const { column, row, rect } = slice;
    const grids = others.map(({ map }) =>
      slicesWithin(map, slice).map((each): VoteGrid => ({ rect: each.rect, ...each.map(0) })),
    );
    const votes = votesOf(
      { rect, size, classes },
      grids,
      (value) => first.classes[value]?.background === true,
    );
    const confidence = new Uint8Array(votes.length).fill(255);
    this.content.map.add({ column, row, rect, size, classes: votes, confidence }, this.#slide);
  }
}

/** The slices of a map that meet a slice of another one. */
function slicesWithin(map: LiveClassMap, { rect }: StoredSlice): StoredSlice[] {
  const any = map.first();
  if (any === null) return [];
  const { width, height } = any.rect;
  const left = any.rect.x - any.column * width;
  const top = any.rect.y - any.row * height;
  const found: StoredSlice[] = [];
  // A thousandth less, so that neighbours that only touch are left out.
  const last = (start: number, length: number, origin: number, step: number): number =>
    Math.floor((start + length - origin) / step - 1e-3);
  for (
    let row = Math.floor((rect.y - top) / height + 1e-3);
    row <= last(rect.y, rect.height, top, height);
    row++
  ) {
    for (
      let column = Math.floor((rect.x - left) / width + 1e-3);
      column <= last(rect.x, rect.width, left, width);
      column++
    ) {
      const slice = map.at(column, row);
      if (slice !== null) found.push(slice);
    }
  }
  return found;
}

/** Connected regions of the same disagreement, within a square and across squares. Pure. */
import type { Level0Rect } from '../../slide/slide.ts';
import { agreed, notCompared } from './difference.ts';

/** A 4-connected region of one code within a square. Coordinates in pixels of the square. */
export interface CodeRegion {
  readonly code: number;
  readonly pixels: number;
  readonly left: number;
  readonly top: number;
  /** One past the last column and row. */
  readonly right: number;
  readonly bottom: number;
  /** The pixel of the region nearest to its centroid. */
  readonly x: number;
  readonly y: number;
}

export interface CodeRegions {
  readonly regions: readonly CodeRegion[];
  /** 1 + index into `regions` for each pixel; 0 where there is no disagreement. */
  readonly labels: Int32Array;
}

/** @param codes size × size codes of `differenceOf`. */
export function codeRegions(codes: Uint8Array, size: number): CodeRegions {
  const labels = new Int32Array(size * size);
  const regions: CodeRegion[] = [];
  const members: number[] = [];
  for (let start = 0; start < codes.length; start++) {
    const code = codes[start] ?? agreed;
    if (code === agreed || code === notCompared || labels[start] !== 0) continue;
    const label = regions.length + 1;
    members.length = 0;
    members.push(start);
    labels[start] = label;
    const visit = (at: number): void => {
      if (codes[at] !== code || labels[at] !== 0) return;
      labels[at] = label;
      members.push(at);
    };
    // Flood fill: `members` is also the queue.
    for (let next = 0; next < members.length; next++) {
      const at = members[next] ?? 0;
      const x = at % size;
      if (x > 0) visit(at - 1);
      if (x < size - 1) visit(at + 1);
      visit(at - size);
      visit(at + size);
    }
    regions.push(codeRegion(code, members, size));
  }
  return { regions, labels };
}

function codeRegion(code: number, members: readonly number[], size: number): CodeRegion {
  let left = size;
  let top = size;
  let right = 0;
  let bottom = 0;
  let sumX = 0;
  let sumY = 0;
  for (const at of members) {
    const x = at % size;
    const y = (at - x) / size;
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + 1);
    bottom = Math.max(bottom, y + 1);
    sumX += x;
    sumY += y;
  }
  const middleX = sumX / members.length;
  const middleY = sumY / members.length;
  let nearest = members[0] ?? 0;
  let least = Infinity;
  for (const at of members) {
    const x = at % size;
    const distance = (x - middleX) ** 2 + ((at - x) / size - middleY) ** 2;
    if (distance < least) {
      least = distance;
      nearest = at;
    }
  }
  const x = nearest % size;
  return { code, pixels: members.length, left, top, right, bottom, x, y: (nearest - x) / size };
}

/** A square with its regions and the indices of its neighbours. */
export interface SquareRegions extends CodeRegions {
  readonly rect: Level0Rect;
  readonly size: number;
  readonly codes: Uint8Array;
  /** Index of the square to the right and of the one below; −1 if there is none. */
  readonly right: number;
  readonly below: number;
}

/** A disagreement as the reader sees it: one area, even across squares. Level-0 pixels. */
export interface Disagreement {
  readonly code: number;
  /** Square level-0 pixels. */
  readonly area: number;
  readonly bounds: Level0Rect;
  /** A point of the area, in its largest region. */
  readonly x: number;
  readonly y: number;
}

/** Regions joined across the borders of squares, largest area first. */
export function disagreementsOf(squares: readonly SquareRegions[]): Disagreement[] {
  const starts: number[] = [];
  let count = 0;
  for (const { regions } of squares) {
    starts.push(count);
    count += regions.length;
  }
  const parents = Int32Array.from({ length: count }, (_, index) => index);
  const rootOf = (index: number): number => {
    let at = index;
    while (parents[at] !== at) {
      const parent = parents[at] ?? at;
      parents[at] = parents[parent] ?? parent;
      at = parents[at] ?? at;
    }
    return at;
  };
  squares.forEach((square, index) => {
    const join = (other: number, own: (i: number) => number, others: (i: number) => number): void => {
      const neighbour = squares[other];
      if (neighbour?.size !== square.size) return;
      for (let i = 0; i < square.size; i++) {
        const label = square.labels[own(i)] ?? 0;
        const otherLabel = neighbour.labels[others(i)] ?? 0;
        if (label === 0 || otherLabel === 0) continue;
        if (square.codes[own(i)] !== neighbour.codes[others(i)]) continue;
        const one = rootOf((starts[index] ?? 0) + label - 1);
        parents[one] = rootOf((starts[other] ?? 0) + otherLabel - 1);
      }
    };
    const { size } = square;
    join(
      square.right,
      (i) => i * size + size - 1,
      (i) => i * size,
    );
    join(
      square.below,
      (i) => (size - 1) * size + i,
      (i) => i,
    );
  });
  return collect(squares, starts, rootOf);
}

function collect(
  squares: readonly SquareRegions[],
  starts: readonly number[],
  rootOf: (index: number) => number,
): Disagreement[] {
  interface Growing extends Disagreement {
    readonly largest: number;
  }
  const byRoot = new Map<number, Growing>();
  squares.forEach(({ rect, size, regions }, index) => {
    const across = rect.width / size;
    const down = rect.height / size;
    regions.forEach((region, at) => {
      const root = rootOf((starts[index] ?? 0) + at);
      const known = byRoot.get(root);
      const area = region.pixels * across * down;
      const bounds = {
        x: rect.x + region.left * across,
        y: rect.y + region.top * down,
        width: (region.right - region.left) * across,
        height: (region.bottom - region.top) * down,
      };
      const x = rect.x + (region.x + 0.5) * across;
      const y = rect.y + (region.y + 0.5) * down;
      if (known === undefined) byRoot.set(root, { code: region.code, area, bounds, x, y, largest: area });
      else {
        byRoot.set(root, {
          ...(area > known.largest ? { x, y, largest: area } : known),
          code: region.code,
          area: known.area + area,
          bounds: union(known.bounds, bounds),
        });
      }
    });
  });
  return [...byRoot.values()]
    .sort((one, other) => other.area - one.area || one.y - other.y || one.x - other.x)
    .map(({ code, area, bounds, x, y }) => ({ code, area, bounds, x, y }));
}

function union(one: Level0Rect, other: Level0Rect): Level0Rect {
  const x = Math.min(one.x, other.x);
  const y = Math.min(one.y, other.y);
  return {
    x,
    y,
    width: Math.max(one.x + one.width, other.x + other.width) - x,
    height: Math.max(one.y + one.height, other.y + other.height) - y,
  };
}

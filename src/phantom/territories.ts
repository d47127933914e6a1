/** Assigns each class its part of a phantom's tissue. */
import type { Random } from './random.ts';

type Territory = 'benign' | 'inSitu' | 'invasive';

export interface TerritorySite {
  readonly x: number;
  readonly y: number;
  readonly kind: Territory;
  /** Target number of in-situ lobules. */
  readonly count: number;
}

export function drawTerritories(random: Random, widthUm: number, heightUm: number): TerritorySite[] {
  const columns = Math.max(1, Math.round(widthUm / 3100));
  const rows = Math.max(1, Math.round(heightUm / 3200));
  const count = columns * rows;
  const inSitu = count >= 3 ? Math.max(1, Math.floor(count * 0.2)) : 0;
  const invasive = count >= 2 ? Math.max(1, Math.round(count * 0.36)) : 0;
  const kinds: Territory[] = [];
  for (let i = 0; i < count; i++) {
    kinds.push(i < inSitu ? 'inSitu' : i < inSitu + invasive ? 'invasive' : 'benign');
  }
  // The shuffle with the fewest equal neighbours of a few tries: territories spread over the slide.
  let best = kinds;
  let fewest = Infinity;
  for (let attempt = 0; attempt < 12; attempt++) {
    const shuffled = kinds.slice();
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor(random.next() * (i + 1));
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    let equal = 0;
    for (let i = 0; i < count; i++) {
      if (shuffled[i] === 'benign') continue;
      if ((i + 1) % columns !== 0 && shuffled[i] === shuffled[i + 1]) equal++;
      if (i + columns < count && shuffled[i] === shuffled[i + columns]) equal++;
    }
    if (equal < fewest) {
      fewest = equal;
      best = shuffled;
    }
  }
  return best.map((kind, i) => ({
    kind,
    x: (((i % columns) + 0.5 + random.between(-0.1, 0.1)) * widthUm) / columns,
    y: ((Math.floor(i / columns) + 0.5 + random.between(-0.1, 0.1)) * heightUm) / rows,
    count: 7 + Math.floor(random.next() * 3),
  }));
}

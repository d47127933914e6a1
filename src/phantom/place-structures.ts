/** Places masses, lobules and foci at the distances that the rule requires. */
import { drawOutline, gapBetween } from './outline.ts';
import type { Random } from './random.ts';
import {
  keepsDistance,
  isInTissue,
  movedTo,
  phantomClass,
  spacing,
  structure,
  type Lobule,
  type Structure,
  type TissueOutline,
} from './structure.ts';

const polygonPoints = { lobule: 72, mass: 128, focus: 40 };

const inSituReach = 2600;

const tissueMargin = 120;

export function placeMasses(
  random: Random,
  tissue: TissueOutline,
  sites: readonly TerritorySite[],
  lobules: readonly Structure[],
): Structure[] {
  const masses: Structure[] = [];
  for (const site of sites) {
    if (site.kind !== 'invasive') continue;
    const largest = random.between(1250, 1450);
    const drawn = drawOutline(random, 0, 0, 1, 0.13, 9);
    // The largest that fits around its site.
    search: for (let radius = largest; radius > 700; radius *= 0.95) {
      const size = { ...drawn, radius, reach: drawn.reach * radius };
      const shape = structure(size, polygonPoints.mass);
      for (let attempt = 0; attempt < 40; attempt++) {
        const x = site.x + random.between(-800, 800);
        const y = site.y + random.between(-800, 800);
        const mass = movedTo(shape, x, y);
        if (!isInTissue(tissue, mass.polygon, 60) || !keepsDistance(mass, masses, spacing.field)) continue;
        if (!keepsDistance(mass, lobules, spacing.field)) continue;
        masses.push(mass);
        break search;
      }
    }
  }
  return masses;
}

/** The only place where a lobule's size and shape are drawn, for benign and in situ alike. */
function drawLobule(random: Random): Structure {
  return structure(drawOutline(random, 0, 0, random.between(230, 290), 0.08, 6), polygonPoints.lobule);
}

/**
 * Finds the free place for `lobule` with the lowest `cost`: random places first, then smaller and smaller
 * steps from the best. null when no place is free.
 */
function settle(
  random: Random,
  lobule: Structure,
  place: () => readonly [number, number],
  cost: (x: number, y: number) => number,
  isFree: (shape: Structure) => boolean,
): Structure | null {
  let best: Structure | null = null;
  let least = Infinity;
  const consider = (x: number, y: number): void => {
    const value = cost(x, y);
    if (value >= least) return;
    const candidate = movedTo(lobule, x, y);
    if (!isFree(candidate)) return;
    best = candidate;
    least = value;
  };
  for (let i = 0; i < 400; i++) consider(...place());
  let step = 250;
  for (let i = 0; i < 120 && best; i++, step *= 0.97) {
    const { x, y } = (best as Structure).outline;
    consider(x + random.between(-step, step), y + random.between(-step, step));
  }
  return best;
}

export function packLobules(
  random: Random,
  tissue: TissueOutline,
  { x: centreX, y: centreY, count }: TerritorySite,
  isFree: (shape: Structure) => boolean,
): Structure[] {
  const placed: Structure[] = [];
  for (let n = 0; n < count; n++) {
    const found = settle(
      random,
      drawLobule(random),
      () => {
        const angle = random.between(0, Math.PI * 2);
        const r = inSituReach * Math.sqrt(random.next());
        return [centreX + r * Math.cos(angle), centreY + r * Math.sin(angle)];
      },
      (x, y) => Math.hypot(x - centreX, y - centreY),
      (shape) =>
        keepsDistance(shape, placed, spacing.field) &&
        isFree(shape) &&
        isInTissue(tissue, shape.polygon, tissueMargin),
    );
    if (found) placed.push(found);
  }
  return placed;
}

/** In situ means crowded: lobules with fewer than two near neighbours are removed. */
export function dropIsolated(lobules: Lobule[]): void {
  for (let changed = true; changed;) {
    changed = false;
    for (let i = lobules.length - 1; i >= 0; i--) {
      const a = lobules[i]!;
      const near = lobules.filter(
        (b) =>
          b !== a &&
          gapBetween(a.outline, a.polygon, b.outline, b.polygon, spacing.crowded) < spacing.crowded,
      );
      if (near.length >= 2) continue;
      lobules.splice(i, 1);
      changed = true;
    }
  }
}

/**
 * Fills the remaining space with isolated lobules, each as near to existing structures as the rule allows.
 */
export function packBenign(
  random: Random,
  tissue: TissueOutline,
  widthUm: number,
  heightUm: number,
  isFree: (shape: Structure) => boolean,
  lobules: Lobule[],
): void {
  const limit = Math.ceil((widthUm * heightUm) / 1e6);
  for (let n = 0, misses = 0; n < limit && misses < 3; n++) {
    const found = settle(
      random,
      drawLobule(random),
      () => [random.between(0, widthUm), random.between(0, heightUm)],
      // Into the corner between the two nearest structures, which packs densely.
      (x, y) => {
        let first = Infinity;
        let second = Infinity;
        for (const { outline } of lobules) {
          const d = Math.hypot(outline.x - x, outline.y - y) - outline.radius;
          if (d < first) {
            second = first;
            first = d;
          } else if (d < second) second = d;
        }
        return lobules.length < 2 ? Math.hypot(x, y) : first + second;
      },
      (shape) => isFree(shape) && isInTissue(tissue, shape.polygon, tissueMargin),
    );
    if (found) lobules.push({ ...found, classIndex: phantomClass.benign, seed: 0 });
    else misses++;
  }
}

export function scatterFoci(
  random: Random,
  tissue: TissueOutline,
  widthUm: number,
  heightUm: number,
  count: number,
  isFree: (shape: Structure) => boolean,
  foci: Structure[],
): void {
  for (let n = 0; n < count; n++) {
    const drawn = structure(
      drawOutline(random, 0, 0, random.between(115, 150), 0.06, 5),
      polygonPoints.focus,
    );
    for (let i = 0; i < 60; i++) {
      const focus = movedTo(drawn, random.between(0, widthUm), random.between(0, heightUm));
      if (!isInTissue(tissue, focus.polygon, 40) || !isFree(focus)) continue;
      foci.push(focus);
      break;
    }
  }
}

type Territory = 'benign' | 'inSitu' | 'invasive';

interface TerritorySite {
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

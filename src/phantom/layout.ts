/**
 * Where things lie in a phantom: tissue outline, invasive masses, lobules and foci. Only this layout
 * tells benign from in situ and a mass from a focus; the drawing of a lobule or a nest never knows.
 */
import {
  depthInside,
  drawOutline,
  gapBetween,
  moveOutline,
  outlinePolygon,
  polygonArea,
  type Outline,
  type UmPolygon,
} from './outline.ts';
import { hash, Random } from './random.ts';

/** BACH's class indices. */
export const phantomClass = { normal: 0, benign: 1, inSitu: 2, invasive: 3 } as const;

/** Distances that make the slide's rule; all in µm, between outlines. */
export const spacing = {
  /** No two labelled structures come closer, so that a 467 µm field never shows two of them. */
  field: 470,
  /** A benign lobule keeps this far from every other lobule. */
  benign: 1700,
  /** In-situ lobules have at least two neighbours nearer than this. */
  crowded: 680,
} as const;

export interface Structure {
  readonly outline: Outline;
  readonly polygon: UmPolygon;
}

export interface Lobule extends Structure {
  /** `phantomClass.benign` or `phantomClass.inSitu`, by arrangement only. */
  readonly classIndex: number;
  readonly seed: number;
}

export interface Layout {
  readonly tissue: TissueOutline;
  readonly masses: readonly Structure[];
  readonly lobules: readonly Lobule[];
  /** Small islands of the same nests as in a mass; normal. At most 350 µm wide. */
  readonly foci: readonly Structure[];
}

/** The edge of the tissue: a rounded rectangle with irregular border. */
export interface TissueOutline {
  readonly centreX: number;
  readonly centreY: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
  readonly shape: Outline;
}

const polygonPoints = { lobule: 72, mass: 128, focus: 40 };

/** About the distance to the tissue's edge, positive inside. µm. */
export function depthInTissue(tissue: TissueOutline, x: number, y: number): number {
  const dx = (x - tissue.centreX) / tissue.halfWidth;
  const dy = (y - tissue.centreY) / tissue.halfHeight;
  const ax = dx * dx;
  const ay = dy * dy;
  // A superellipse of order 5, its radius waved by the outline.
  const rho = Math.pow(ax * ax * Math.abs(dx) + ay * ay * Math.abs(dy), 0.2);
  if (rho < 0.5) return 0.5 * Math.min(tissue.halfWidth, tissue.halfHeight);
  const wave = depthInside(tissue.shape, dx, dy) + Math.hypot(dx, dy);
  return (wave - rho) * Math.min(tissue.halfWidth, tissue.halfHeight);
}

type Territory = 'benign' | 'inSitu' | 'invasive';

/** Shares of the slide's area that a layout is drawn towards: benign, in situ, invasive. */
const wantedShares = [0.02, 0.025, 0.15] as const;

/**
 * Lays a phantom out: the best of a few drawings by the classes' shares. Deterministic; cost grows with
 * the area, about a second for 12×10 mm.
 */
export function layOut(seed: number, widthUm: number, heightUm: number): Layout {
  let best: Layout | null = null;
  let least = Infinity;
  for (let attempt = 0; attempt < 8; attempt++) {
    const layout = layOutOnce(hash(seed, 7, attempt), widthUm, heightUm);
    const shares = areaShares(layout, widthUm, heightUm);
    let miss = 0;
    wantedShares.forEach((wanted, i) => (miss += Math.abs(Math.log((shares[i + 1]! + 0.003) / wanted))));
    if (miss < least) {
      least = miss;
      best = layout;
    }
    if (least < 0.4) break;
  }
  return best!;
}

function layOutOnce(seed: number, widthUm: number, heightUm: number): Layout {
  const random = new Random(hash(seed, 11));
  const tissue: TissueOutline = {
    centreX: widthUm / 2,
    centreY: heightUm / 2,
    halfWidth: widthUm * 0.491 - 50,
    halfHeight: heightUm * 0.491 - 50,
    shape: drawOutline(random, 0, 0, 0.975, 0.012, 8),
  };
  const sites = drawTerritories(random, widthUm, heightUm);
  const lobules: Lobule[] = [];

  // In-situ lobules are packed from the middle of their territory outwards, each as near to the
  // middle as the distance rule lets it.
  for (const site of sites) {
    if (site.kind !== 'inSitu') continue;
    const packed = packLobules(random, tissue, site, (shape) => keeps(shape, lobules, spacing.field));
    for (const shape of packed) lobules.push({ ...shape, classIndex: phantomClass.inSitu, seed: 0 });
  }
  dropLonely(lobules);
  const masses = placeMasses(random, tissue, sites, lobules);

  const foci: Structure[] = [];
  const area = (widthUm * heightUm) / 1e6;
  const isFree = (shape: Structure, fromLobules: number): boolean =>
    keeps(shape, masses, spacing.field) &&
    keeps(shape, lobules, fromLobules) &&
    keeps(shape, foci, spacing.field);
  const focusIsFree = (shape: Structure): boolean => isFree(shape, spacing.field);
  scatterFoci(random, tissue, widthUm, heightUm, Math.round(area * 0.02), focusIsFree, foci);
  packBenign(random, tissue, widthUm, heightUm, (shape) => isFree(shape, spacing.benign), lobules);
  scatterFoci(random, tissue, widthUm, heightUm, Math.round(area * 0.4), focusIsFree, foci);

  return {
    tissue,
    masses,
    lobules: lobules.map((lobule, i) => ({ ...lobule, seed: hash(seed, 23, i) })),
    foci,
  };
}

const inSituReach = 2600;

interface TerritorySite {
  readonly x: number;
  readonly y: number;
  readonly kind: Territory;
  /** In-situ lobules wanted. */
  readonly count: number;
}

function drawTerritories(random: Random, widthUm: number, heightUm: number): TerritorySite[] {
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

function structure(outline: Outline, points: number): Structure {
  return { outline, polygon: outlinePolygon(outline, points) };
}

function keeps(shape: Structure, others: readonly Structure[], gap: number): boolean {
  return others.every(
    (other) => gapBetween(shape.outline, shape.polygon, other.outline, other.polygon, gap) >= gap,
  );
}

function liesInTissue(tissue: TissueOutline, polygon: UmPolygon, margin: number): boolean {
  const count = polygon.length / 2;
  // Every seventh point first: a polygon that sticks out is found out sooner.
  for (let k = 0, i = 0; k < count; k++, i = (i + 7) % count) {
    if (depthInTissue(tissue, polygon[2 * i]!, polygon[2 * i + 1]!) < margin) return false;
  }
  return true;
}

function placeMasses(
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
    // The largest that finds room about its site.
    search: for (let radius = largest; radius > 700; radius *= 0.95) {
      const size = { ...drawn, radius, reach: drawn.reach * radius };
      const shape = structure(size, polygonPoints.mass);
      for (let attempt = 0; attempt < 40; attempt++) {
        const x = site.x + random.between(-800, 800);
        const y = site.y + random.between(-800, 800);
        const mass = movedTo(shape, x, y);
        if (!liesInTissue(tissue, mass.polygon, 60) || !keeps(mass, masses, spacing.field)) continue;
        if (!keeps(mass, lobules, spacing.field)) continue;
        masses.push(mass);
        break search;
      }
    }
  }
  return masses;
}

/** The one place where a lobule's size and shape are drawn, for benign and in situ alike. */
function drawLobule(random: Random): Structure {
  return structure(drawOutline(random, 0, 0, random.between(230, 290), 0.08, 6), polygonPoints.lobule);
}

function movedTo(shape: Structure, x: number, y: number): Structure {
  const polygon = shape.polygon.slice();
  for (let i = 0; i < polygon.length; i += 2) {
    polygon[i] = polygon[i]! + x - shape.outline.x;
    polygon[i + 1] = polygon[i + 1]! + y - shape.outline.y;
  }
  return { outline: moveOutline(shape.outline, x, y), polygon };
}

const tissueMargin = 120;

/**
 * Finds the free place for `lobule` where `cost` is least: random places first, then ever smaller steps
 * from the best. null when no place is free.
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

function packLobules(
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
        keeps(shape, placed, spacing.field) &&
        isFree(shape) &&
        liesInTissue(tissue, shape.polygon, tissueMargin),
    );
    if (found) placed.push(found);
  }
  return placed;
}

/** In-situ means crowded: a lobule with fewer than two near neighbours goes. */
function dropLonely(lobules: Lobule[]): void {
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

/** Fills the rest with lone lobules: each as near to what lies there already as the rule lets it. */
function packBenign(
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
      // Into the corner between the two nearest structures: a dense packing.
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
      (shape) => isFree(shape) && liesInTissue(tissue, shape.polygon, tissueMargin),
    );
    if (found) lobules.push({ ...found, classIndex: phantomClass.benign, seed: 0 });
    else misses++;
  }
}

function scatterFoci(
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
      if (!liesInTissue(tissue, focus.polygon, 40) || !isFree(focus)) continue;
      foci.push(focus);
      break;
    }
  }
}

/** Fraction of the slide's area per class, from the polygons. */
export function areaShares(layout: Layout, widthUm: number, heightUm: number): number[] {
  const total = widthUm * heightUm;
  const shares = [0, 0, 0, 0];
  for (const lobule of layout.lobules) {
    shares[lobule.classIndex]! += polygonArea(lobule.polygon) / total;
  }
  for (const mass of layout.masses) shares[phantomClass.invasive]! += polygonArea(mass.polygon) / total;
  shares[0] = 1 - shares[1]! - shares[2]! - shares[3]!;
  return shares;
}

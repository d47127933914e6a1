/**
 * The layout of a phantom: tissue outline, invasive masses, lobules and foci. Only the layout distinguishes
 * benign from in situ and a mass from a focus; the code that draws a lobule or nest never knows.
 */
import { drawOutline, polygonArea } from './outline.ts';
import {
  dropIsolated,
  packBenign,
  packLobules,
  placeMasses,
  scatterFoci,
  drawTerritories,
} from './place-structures.ts';
import { hash, Random } from './random.ts';
import {
  keepsDistance,
  phantomClass,
  spacing,
  type Lobule,
  type Structure,
  type TissueOutline,
} from './structure.ts';

export interface Layout {
  readonly tissue: TissueOutline;
  readonly masses: readonly Structure[];
  readonly lobules: readonly Lobule[];
  /** Small islands of the same nests as in a mass; labelled normal. At most 350 µm wide. */
  readonly foci: readonly Structure[];
}

/** Target shares of the slide's area: benign, in situ, invasive. */
const wantedShares = [0.02, 0.025, 0.15] as const;

/**
 * Lays out a phantom: the best of a few random layouts by class shares. Deterministic; the cost grows with
 * the area, about a second for 12×10 mm.
 */
export function layOutPhantom(seed: number, widthUm: number, heightUm: number): Layout {
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

  // In-situ lobules are packed outwards from the middle of their territory, each as near to the middle as the
  // distance rule allows.
  for (const site of sites) {
    if (site.kind !== 'inSitu') continue;
    const packed = packLobules(random, tissue, site, (shape) => keepsDistance(shape, lobules, spacing.field));
    for (const shape of packed) lobules.push({ ...shape, classIndex: phantomClass.inSitu, seed: 0 });
  }
  dropIsolated(lobules);
  const masses = placeMasses(random, tissue, sites, lobules);

  const foci: Structure[] = [];
  const area = (widthUm * heightUm) / 1e6;
  const isFree = (shape: Structure, fromLobules: number): boolean =>
    keepsDistance(shape, masses, spacing.field) &&
    keepsDistance(shape, lobules, fromLobules) &&
    keepsDistance(shape, foci, spacing.field);
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

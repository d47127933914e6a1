/** Polygons from rings that mean areas and holes by the even-odd rule, without saying which. */
import { edgesOfRings, isInside, type Edges } from '../base/polygon.ts';

export interface NestedPolygon {
  readonly outer: Float64Array;
  readonly holes: Float64Array[];
}

/** Most pairs of rings that are compared: rings are compared with all others. */
const maxPairs = 50_000_000;

/**
 * A ring within an odd number of others is a hole of the smallest one around it. Rings must not cross.
 * @returns null for too many rings.
 */
export function nestRings(rings: readonly Float64Array[]): NestedPolygon[] | null {
  if (rings.length === 1) return rings.map((outer) => ({ outer, holes: [] }));
  const points = rings.reduce((sum, ring) => sum + ring.length / 2, 0);
  if (rings.length * points > maxPairs) return null;
  const edges = rings.map((ring) => edgesOfRings([ring]));
  const around = rings.map((ring, i) => {
    const [x = NaN, y = NaN] = ring;
    return rings.flatMap((other, k) =>
      k !== i && contains(edges[k], edges[i]) && isInside([other], x, y) ? [k] : [],
    );
  });
  const polygons = new Map<number, NestedPolygon>();
  rings.forEach((outer, i) => {
    if ((around[i]?.length ?? 0) % 2 === 0) polygons.set(i, { outer, holes: [] });
  });
  rings.forEach((hole, i) => {
    const outside = around[i] ?? [];
    if (outside.length % 2 === 0) return;
    // The innermost of the rings around it has all the others around itself.
    const parent = outside.find((k) => (around[k]?.length ?? 0) === outside.length - 1);
    const polygon = parent === undefined ? undefined : polygons.get(parent);
    if (polygon === undefined) polygons.set(i, { outer: hole, holes: [] });
    else polygon.holes.push(hole);
  });
  return [...polygons.values()];
}

function contains(outer: Edges | undefined, inner: Edges | undefined): boolean {
  if (outer === undefined || inner === undefined) return false;
  return (
    outer.left <= inner.left &&
    outer.top <= inner.top &&
    outer.right >= inner.right &&
    outer.bottom >= inner.bottom
  );
}

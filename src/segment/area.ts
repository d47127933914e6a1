/** The requested part of a slide: all of it, a rectangle, or polygons. Pure. */
import {
  boundsOfRings,
  edgesOfRings,
  meetsRect,
  signedArea,
  type Edges,
  type Ring,
} from '../base/polygon.ts';
import { overlaps } from '../base/rect.ts';
import type { Level0Rect } from '../slide/slide.ts';

export type SlideArea =
  | { readonly kind: 'slide' }
  | { readonly kind: 'rect'; readonly rect: Level0Rect }
  | { readonly kind: 'polygons'; readonly polygons: readonly AreaPolygon[] };

/** Level-0 pixels. */
export interface AreaPolygon {
  readonly outer: Ring;
  readonly holes: readonly Ring[];
}

/** The area of a request: a polygon, or else a rectangle; both null for the whole slide. */
export function slideArea(
  rect: Level0Rect | null,
  polygon: readonly (readonly [x: number, y: number])[] | null = null,
): SlideArea {
  if (polygon !== null) return { kind: 'polygons', polygons: [{ outer: polygon.flat(), holes: [] }] };
  return rect === null ? { kind: 'slide' } : { kind: 'rect', rect };
}

/** The bounding box of the area; null for the whole slide. */
export function boundsOfArea(area: SlideArea): Level0Rect | null {
  if (area.kind === 'slide') return null;
  return area.kind === 'rect' ? area.rect : boundsOfRings(area.polygons.map(({ outer }) => outer));
}

/** Smallest and largest coordinates of an area that is not the whole slide. */
export function edgesOfArea(area: Exclude<SlideArea, { kind: 'slide' }>): Edges {
  if (area.kind === 'polygons') return edgesOfRings(area.polygons.map(({ outer }) => outer));
  const { x, y, width, height } = area.rect;
  return { left: x, top: y, right: x + width, bottom: y + height };
}

/**
 * Whether area and rectangle overlap by more than `tolerance` (level-0 pixels). With rounded coordinates, an area that ends
 * at a cell's border must not select the next cell. A polygon without an area, such as a line, meets nothing.
 */
export function areaMeets(area: SlideArea, rect: Level0Rect, tolerance: number): boolean {
  if (area.kind === 'slide') return true;
  const inner = {
    x: rect.x + tolerance,
    y: rect.y + tolerance,
    width: rect.width - 2 * tolerance,
    height: rect.height - 2 * tolerance,
  };
  if (area.kind === 'rect') return overlaps(area.rect, inner);
  return area.polygons.some(
    ({ outer, holes }) =>
      Math.abs(signedArea(outer)) > tolerance * tolerance && meetsRect([outer, ...holes], inner),
  );
}

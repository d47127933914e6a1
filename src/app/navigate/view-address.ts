/** A place of a view as text: for the page's address and for bookmarks. Pure. */
import { z } from 'zod';

/** Where a view is. */
export interface ViewPlace {
  /** Middle of the view; 1 is the width of the slide, on both axes. */
  readonly x: number;
  readonly y: number;
  /** CSS pixels per level-0 pixel. */
  readonly scale: number;
  /** Degrees, clockwise. */
  readonly rotation: number;
  readonly flip: boolean;
}

/** A view of a slide that does not depend on the size of the window but for its scale. */
export const viewAddressSchema = z.object({
  /** Middle of the view, level-0 pixels. */
  x: z.number(),
  y: z.number(),
  /** CSS pixels per level-0 pixel. */
  scale: z.number().positive(),
  /** Degrees, clockwise, 0 to 360. */
  rotation: z.number(),
  flip: z.boolean(),
});
export type ViewAddress = z.infer<typeof viewAddressSchema>;

/** @param slideWidth level-0 pixels. */
export function addressOf(place: ViewPlace, slideWidth: number): ViewAddress {
  return {
    x: place.x * slideWidth,
    y: place.y * slideWidth,
    scale: place.scale,
    rotation: ((place.rotation % 360) + 360) % 360,
    flip: place.flip,
  };
}

export function placeOf({ x, y, scale, rotation, flip }: ViewAddress, slideWidth: number): ViewPlace {
  return { x: x / slideWidth, y: y / slideWidth, scale, rotation, flip };
}

/** `1024,2048.5,0.25`, with rotation and `m` for mirrored where there are any. */
export function addressText({ x, y, scale, rotation, flip }: ViewAddress): string {
  const parts: (number | string)[] = [round(x, 1), round(y, 1), Number(scale.toPrecision(6))];
  if (rotation !== 0 || flip) parts.push(round(rotation, 2));
  if (flip) parts.push('m');
  return parts.join(',');
}

/** What `addressText` wrote; null for anything else. */
export function parseAddress(text: string | null): ViewAddress | null {
  const match = /^(-?[\d.]+),(-?[\d.]+),([\d.e+-]+)(?:,(-?[\d.]+)(,m)?)?$/.exec(text ?? '');
  if (match === null) return null;
  const [x, y, scale, rotation] = [match[1], match[2], match[3], match[4] ?? '0'].map(Number);
  const parsed = viewAddressSchema.safeParse({ x, y, scale, rotation, flip: match[5] !== undefined });
  return parsed.success ? parsed.data : null;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/**
 * Reads coordinates as a person writes them: `1200, 3400` in level-0 pixels, `1.2 mm, 3.4 mm` or `1200 3400 µm` from
 * the slide's top left corner.
 * @param mpp µm per level-0 pixel; null where unknown: only pixels can be read then
 * @returns level-0 pixels, or null for anything else
 */
export function parseCoordinates(
  text: string,
  mpp: { readonly x: number; readonly y: number } | null,
): { x: number; y: number } | null {
  const pattern = /^\s*(-?\d+(?:\.\d+)?)\s*(px|mm|µm|um)?\s*[,;\s]\s*(-?\d+(?:\.\d+)?)\s*(px|mm|µm|um)?\s*$/i;
  const match = pattern.exec(text);
  if (match === null) return null;
  const unit = (match[4] ?? match[2] ?? 'px').toLowerCase();
  if (match[2] !== undefined && match[2].toLowerCase() !== unit) return null;
  const [x, y] = [Number(match[1]), Number(match[3])];
  if (unit === 'px') return { x, y };
  if (mpp === null) return null;
  const um = unit === 'mm' ? 1000 : 1;
  return { x: (x * um) / mpp.x, y: (y * um) / mpp.y };
}

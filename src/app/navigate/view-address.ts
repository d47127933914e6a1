/** View positions, and their text form for the page's URL and for bookmarks. Pure. */
import { z } from 'zod';
import { maxCoordinate } from '../../annotation/annotation-file.ts';

/**
 * Limits of positions from links, files and storage. They are far wider than any view, and exclude numbers with which
 * transforms lose all digits or have no inverse. `SlideView.visit` moves what is within them onto the slide.
 */
const limits = {
  /** Level-0 pixels. */
  position: maxCoordinate,
  /** In widths of the slide. */
  share: 1e5,
  /** CSS pixels per level-0 pixel. */
  minScale: 1e-8,
  maxScale: 1e3,
};

const within = (least: number, most: number): z.ZodType<number, number> =>
  z.number().transform((value) => Math.min(most, Math.max(least, value)));
const scale = z.number().positive().pipe(within(limits.minScale, limits.maxScale));
/** Degrees, clockwise. */
const rotation = z.number().transform((value) => ((value % 360) + 360) % 360);

/** Position of a view, limited on parsing. */
export const viewPlaceSchema = z.object({
  /** Middle of the view; 1 is the width of the slide, on both axes. */
  x: within(-limits.share, limits.share),
  y: within(-limits.share, limits.share),
  /** CSS pixels per level-0 pixel. */
  scale,
  /** Degrees, clockwise. */
  rotation,
  flip: z.boolean(),
});
export type ViewPlace = Readonly<z.infer<typeof viewPlaceSchema>>;

/** A view position in slide coordinates, independent of the window's size; limited on parsing. */
export const viewAddressSchema = z.object({
  /** Centre of the view, level-0 pixels. */
  x: within(-limits.position, limits.position),
  y: within(-limits.position, limits.position),
  /** CSS pixels per level-0 pixel. */
  scale,
  /** Degrees, clockwise, 0 to 360. */
  rotation,
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

/** `1024,2048.5,0.25`, followed by the rotation and `m` for mirrored if needed. */
export function addressText({ x, y, scale, rotation, flip }: ViewAddress): string {
  const parts: (number | string)[] = [round(x, 1), round(y, 1), Number(scale.toPrecision(6))];
  if (rotation !== 0 || flip) parts.push(round(rotation, 2));
  if (flip) parts.push('m');
  return parts.join(',');
}

/** Parses the output of `addressText`, within the limits of a view; null for anything else. */
export function parseAddress(text: string | null): ViewAddress | null {
  const match = /^(-?[\d.e+]+),(-?[\d.e+]+),([\d.e+-]+)(?:,(-?[\d.e+]+)(,m)?)?$/.exec(text ?? '');
  if (match === null) return null;
  const [x, y, scale, rotation] = [match[1], match[2], match[3], match[4] ?? '0'].map(Number);
  const parsed = viewAddressSchema.safeParse({ x, y, scale, rotation, flip: match[5] !== undefined });
  return parsed.success ? parsed.data : null;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/**
 * Parses typed coordinates, measured from the slide's top left corner: `1200, 3400` in level-0 pixels, `1.2 mm, 3.4 mm`
 * or `1200 3400 µm`.
 * @param mpp µm per level-0 pixel; null if unknown, in which case only pixels are accepted
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

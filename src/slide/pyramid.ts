/**
 * Which images of a file are levels of one slide, and at what scale. Sizes alone mislead: some scanners pad every level to
 * whole tiles, so that the ratio of two sizes is not that of their pixels.
 */
import type { SlideLevel } from './slide.ts';

/** An image that may be a level. */
export interface LevelCandidate {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Whether it is stored in tiles of its own choice, which it may be padded to; not so for strips. */
  readonly tiled?: boolean;
  /** Size of a pixel in any unit, the same for all candidates; null where the file does not give it. */
  readonly spacing?: { readonly x: number; readonly y: number } | null;
}

/** How an image covers level 0. */
export interface LevelScale {
  /** The part of the image that level 0 covers, in pixels; the rest is padding. */
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels per pixel, mean of both axes. */
  readonly downsample: number;
}

/** A side may be rounded up or down at each halving: up to two pixels in the end. */
const rounding = 2;
/** Levels are padded by less than two tiles: the level itself, and level 0, which its size is measured against. */
const paddingTiles = 2;

/**
 * The scale of a smaller image of the same area: by the sizes of pixels where they explain its size, else by its shape, else
 * as a power of two whose size was padded to whole tiles.
 * @returns null for an image that is no smaller, or of another shape.
 */
export function levelScale(base: LevelCandidate, image: LevelCandidate): LevelScale | null {
  if (image.width > base.width || image.height > base.height) return null;
  if (image.width === base.width && image.height === base.height) return null;
  return bySpacing(base, image) ?? byShape(base, image) ?? byPadding(base, image);
}

function bySpacing(base: LevelCandidate, image: LevelCandidate): LevelScale | null {
  if (base.spacing == null || image.spacing == null) return null;
  const x = image.spacing.x / base.spacing.x;
  const y = image.spacing.y / base.spacing.y;
  if (!(x > 1.05 && y > 1.05)) return null;
  const width = base.width / x;
  const height = base.height / y;
  const explained =
    image.width >= width - rounding &&
    image.height >= height - rounding &&
    image.width < width + paddingTiles * image.tileWidth &&
    image.height < height + paddingTiles * image.tileHeight;
  if (!explained) return null;
  // Sizes are more exact than printed numbers where they agree.
  if (image.width <= width + rounding && image.height <= height + rounding) return bySizes(base, image);
  return padded(image, width, height, (x + y) / 2);
}

function byShape(base: LevelCandidate, image: LevelCandidate): LevelScale | null {
  return isSameShape(base, image) ? bySizes(base, image) : null;
}

function byPadding(base: LevelCandidate, image: LevelCandidate): LevelScale | null {
  // Of a single tile, the size says nothing.
  if (image.tiled !== true || (image.width <= image.tileWidth && image.height <= image.tileHeight))
    return null;
  const whole = (side: number, tile: number): number => Math.ceil(side / tile) * tile;
  for (let scale = 2; scale <= base.width || scale <= base.height; scale *= 2) {
    const width = base.width / scale;
    const height = base.height / scale;
    if (whole(width, image.tileWidth) !== image.width || whole(height, image.tileHeight) !== image.height)
      continue;
    return padded(image, width, height, scale);
  }
  return null;
}

const bySizes = (base: LevelCandidate, { width, height }: LevelCandidate): LevelScale => ({
  width,
  height,
  downsample: (base.width / width + base.height / height) / 2,
});

const padded = (image: LevelCandidate, width: number, height: number, downsample: number): LevelScale => ({
  width: Math.max(1, Math.min(image.width, Math.round(width))),
  height: Math.max(1, Math.min(image.height, Math.round(height))),
  downsample,
});

/** Whether an image has the shape of a larger one, except for rounding. */
export function isSameShape(
  base: { readonly width: number; readonly height: number },
  image: { readonly width: number; readonly height: number },
): boolean {
  return (
    Math.abs((base.height * image.width) / base.width - image.height) <= rounding ||
    Math.abs((base.width * image.height) / base.height - image.width) <= rounding
  );
}

/** The levels of a slide among images, and the images that are none. */
export interface Pyramid<T> {
  /** Level 0 first. */
  readonly levels: readonly { readonly image: T; readonly scale: LevelScale }[];
  readonly others: readonly T[];
}

/** Sorts images into levels of `base` and others. Of several images of one size, the first is the level. */
export function pyramidOf<T extends LevelCandidate>(base: T, images: readonly T[]): Pyramid<T> {
  const levels = [{ image: base, scale: { width: base.width, height: base.height, downsample: 1 } }];
  const others: T[] = [];
  const reduced = images.map((image) => ({ image, scale: levelScale(base, image) }));
  // Stable: images of one size stay in their order.
  for (const { image, scale } of reduced.toSorted(
    (a, b) => (a.scale?.downsample ?? 0) - (b.scale?.downsample ?? 0),
  )) {
    if (
      scale !== null &&
      scale.width < levels.at(-1)!.scale.width &&
      scale.height <= levels.at(-1)!.scale.height
    ) {
      levels.push({ image, scale });
    } else others.push(image);
  }
  const order = new Map(images.map((image, i) => [image, i]));
  return { levels, others: others.sort((a, b) => order.get(a)! - order.get(b)!) };
}

/** Level geometry; where no downsample is given, it is the mean ratio of both sides. */
export function slideLevels(
  grids: readonly (Pick<LevelCandidate, 'width' | 'height' | 'tileWidth' | 'tileHeight'> & {
    readonly downsample?: number;
  })[],
): SlideLevel[] {
  const base = grids[0]!;
  return grids.map(({ width, height, tileWidth, tileHeight, downsample }) => ({
    width,
    height,
    tileWidth,
    tileHeight,
    downsample: downsample ?? (base.width / width + base.height / height) / 2,
  }));
}

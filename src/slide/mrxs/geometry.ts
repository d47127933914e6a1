/**
 * Where the images of a 3DHISTECH slide lie. The camera takes photos that overlap; each is cut into `divisions²` images. A
 * smaller level halves images and joins four to a new one, even those of different photos, whose overlap then lies within the
 * image: such an image is cut into parts, one of each photo, that are put where their photos are.
 */
import { maxSide } from '../limits.ts';
import type { MosaicPiece } from '../mosaic.ts';
import { SlideError } from '../slide.ts';
import { imageStride } from './index-file.ts';
import type { Slidedat } from './slidedat.ts';

/** Size of the smallest part of an image that is shown, in pixels; levels of smaller ones are left out. */
const leastPartPx = 4;
/** Bytes of a photo's position: a flag, and its top left as two whole numbers. */
const positionBytes = 9;

export interface MrxsLevel {
  /** Number of the zoom level. */
  readonly zoom: number;
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels per pixel. */
  readonly downsample: number;
  /** Pixels of the camera per pixel. */
  readonly concat: number;
  /** Parts of an image in each direction, each of another photo. */
  readonly parts: number;
  /** Whether photos lie side by side, so that no image need be cut. */
  readonly isPlain: boolean;
}

/** Number of photos in each direction. */
export const photosOf = ({ imagesAcross, imagesDown, divisions }: Slidedat): [number, number] => [
  Math.floor(imagesAcross / divisions),
  Math.floor(imagesDown / divisions),
];

/**
 * @param hasPositions whether the slide lists where its photos are.
 * @param file for messages.
 * @throws SlideError `corrupt`.
 */
export function mrxsLevels(slidedat: Slidedat, hasPositions: boolean, file: string): MrxsLevel[] {
  const { zooms, divisions, imagesAcross, imagesDown } = slidedat;
  const base = zooms[0]!;
  const width = nominal(imagesAcross, divisions, base.imageWidth, base.overlapX);
  const height = nominal(imagesDown, divisions, base.imageHeight, base.overlapY);
  const side = Math.max(width, height) / 2 ** base.halvings;
  if (!(Math.min(width, height) / 2 ** base.halvings >= 1 && side <= maxSide))
    throw damaged(file, 'Its size is impossible.');
  const isPlain = !hasPositions && base.overlapX === 0 && base.overlapY === 0;
  const levels: MrxsLevel[] = [];
  let concat = 1;
  for (const [zoom, { halvings, imageWidth, imageHeight }] of zooms.entries()) {
    concat *= 2 ** halvings;
    const parts = isPlain ? 1 : Math.max(1, Math.floor(concat / divisions));
    const level = {
      zoom,
      width: Math.floor(width / concat),
      height: Math.floor(height / concat),
      downsample: concat / 2 ** base.halvings,
      concat,
      parts,
      isPlain,
    };
    const isShown =
      level.width > 0 && level.height > 0 && Math.min(imageWidth, imageHeight) / parts >= leastPartPx;
    if (zoom === 0 || isShown) levels.push(level);
  }
  return levels;
}

/** Pixels of the camera that the images cover: each photo but the last is shorter by the overlap. */
function nominal(images: number, divisions: number, size: number, overlap: number): number {
  const joints = Math.floor((images - 1) / divisions);
  return images * size - joints * Math.ceil(overlap);
}

/** Top lefts of all photos, as pairs in pixels of the camera, row by row. */
export type PhotoPositions = Float64Array;

/** Places of photos by their size and overlap, for slides that list none. */
export function nominalPositions(slidedat: Slidedat): PhotoPositions {
  const [across, down] = photosOf(slidedat);
  const { imageWidth, imageHeight, overlapX, overlapY } = slidedat.zooms[0]!;
  const positions = new Float64Array(across * down * 2);
  for (let i = 0; i < across * down; i++) {
    positions[2 * i] = Math.trunc((i % across) * (imageWidth * slidedat.divisions - overlapX));
    positions[2 * i + 1] = Math.trunc(Math.floor(i / across) * (imageHeight * slidedat.divisions - overlapY));
  }
  return positions;
}

/** Bytes of the list of positions. */
export function positionsLength(slidedat: Slidedat): number {
  const [across, down] = photosOf(slidedat);
  return across * down * positionBytes;
}

/** Positions as a slide lists them, in pixels of level 0. @param bytes `positionsLength` of them. */
export function listedPositions(bytes: Uint8Array, slidedat: Slidedat, file: string): PhotoPositions {
  const count = bytes.length / positionBytes;
  const concat = 2 ** slidedat.zooms[0]!.halvings;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const positions = new Float64Array(count * 2);
  for (let i = 0; i < count; i++) {
    const at = i * positionBytes;
    if (view.getUint8(at) > 1) throw damaged(file, 'The positions of its photos are damaged.');
    positions[2 * i] = view.getInt32(at + 1, true) * concat;
    positions[2 * i + 1] = view.getInt32(at + 5, true) * concat;
  }
  return positions;
}

/** The photos that level 0 has an image of; smaller levels show these alone. */
export function activePhotos(
  images: readonly number[],
  slidedat: Slidedat,
  level: MrxsLevel,
  positions: PhotoPositions,
  file: string,
): Uint8Array {
  const active = new Uint8Array(positions.length / 2);
  for (const { photo } of partsOf(images, slidedat, level, file)) {
    // Photos that were not taken lie at 0, 0, where only the first one can be.
    if (photo === 0 || positions[2 * photo] !== 0 || positions[2 * photo + 1] !== 0) active[photo] = 1;
  }
  return active;
}

/** A part of an image, and what it shows. */
interface ImagePart {
  /** Number of the image in the level. */
  readonly image: number;
  /** Column and row of the part within its image. */
  readonly across: number;
  readonly down: number;
  readonly photo: number;
  /** Column and row within the photo, in images of the camera's resolution. */
  readonly column: number;
  readonly row: number;
}

/** Numbers of images, the last one of the grid first. Indexes list them in order; only others have to be sorted. */
function* backwards(images: readonly number[]): Generator<number> {
  const count = images.length / imageStride;
  const place = (image: number): number => images[image * imageStride]!;
  let isSorted = true;
  for (let image = 1; image < count && isSorted; image++) isSorted = place(image - 1) <= place(image);
  if (isSorted) {
    for (let image = count - 1; image >= 0; image--) yield image;
  } else {
    yield* Array.from({ length: count }, (_, image) => image).sort((one, other) => place(other) - place(one));
  }
}

/** The last image of the grid first. */
function* partsOf(
  images: readonly number[],
  slidedat: Slidedat,
  { concat, parts }: MrxsLevel,
  file: string,
): Generator<ImagePart> {
  const { imagesAcross, imagesDown, divisions } = slidedat;
  const [photosAcross, photosDown] = photosOf(slidedat);
  for (const image of backwards(images)) {
    const place = images[image * imageStride]!;
    const x = place % imagesAcross;
    const y = Math.floor(place / imagesAcross);
    if (y >= imagesDown || x % concat !== 0 || y % concat !== 0)
      throw damaged(file, 'An image lies where none can be.');
    for (let down = parts - 1; down >= 0; down--) {
      for (let across = parts - 1; across >= 0; across--) {
        const photoX = Math.floor(x / divisions) + across;
        const photoY = Math.floor(y / divisions) + down;
        if (photoX >= photosAcross || photoY >= photosDown) continue;
        yield {
          image,
          across,
          down,
          photo: photoY * photosAcross + photoX,
          column: x % divisions,
          row: y % divisions,
        };
      }
    }
  }
}

/**
 * The pieces of a level, those on top first: where photos overlap, that is the one further below, then further to the right,
 * as OpenSlide has it.
 * @param active photos that are shown.
 */
export function levelPieces(
  images: readonly number[],
  slidedat: Slidedat,
  level: MrxsLevel,
  positions: PhotoPositions,
  active: Uint8Array,
  file: string,
): Iterable<MosaicPiece> {
  const pieces = piecesOf(images, slidedat, level, positions, active, file);
  // Parts of an image are not in order with those of its neighbours.
  return level.parts === 1 ? pieces : [...pieces].sort((a, b) => b.order - a.order);
}

function* piecesOf(
  images: readonly number[],
  slidedat: Slidedat,
  level: MrxsLevel,
  positions: PhotoPositions,
  active: Uint8Array,
  file: string,
): Generator<MosaicPiece & { readonly order: number }> {
  const { imageWidth, imageHeight } = slidedat.zooms[level.zoom]!;
  const base = slidedat.zooms[0]!;
  const partWidth = imageWidth / level.parts;
  const partHeight = imageHeight / level.parts;
  for (const { image, across, down, photo, column, row } of partsOf(images, slidedat, level, file)) {
    if (!level.isPlain && active[photo] === 0) continue;
    const fromX = Math.round(partWidth * across);
    const fromY = Math.round(partHeight * down);
    yield {
      x: Math.round((positions[2 * photo]! + column * base.imageWidth) / level.concat),
      y: Math.round((positions[2 * photo + 1]! + row * base.imageHeight) / level.concat),
      width: Math.round(partWidth * (across + 1)) - fromX,
      height: Math.round(partHeight * (down + 1)) - fromY,
      fromX,
      fromY,
      source: image,
      order: photo,
    };
  }
}

function damaged(file: string, problem: string): SlideError {
  return new SlideError(
    'corrupt',
    file,
    `This 3DHISTECH slide is damaged. ${problem}`,
    'Copy the whole folder of the slide again.',
  );
}

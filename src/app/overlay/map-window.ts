/** A window of a class map at one resolution, put together from its slices. Pure. */
import type { Level0Rect } from '../../slide/slide.ts';
import type { Affine } from '../viewer/affine.ts';
import type { LiveClassMap, StoredSlice } from './class-map-store.ts';

/** No class: uncounted, or of too little confidence. */
export const noClass = 255;
/** No slice: not segmented. */
export const noSlice = 254;

/** Class values row by row; `noClass` and `noSlice` besides those of the map. */
export interface MapWindow {
  readonly width: number;
  readonly height: number;
  readonly classes: Uint8Array<ArrayBuffer>;
  /** 0 to 255; null unless asked for. */
  readonly confidence: Uint8Array<ArrayBuffer> | null;
}

/** The pixels of a map at one resolution: where they lie, in level-0 pixels. */
export interface MapLattice {
  /** How often slices are halved. */
  readonly level: number;
  /** Level-0 position of the first pixel, and size of a pixel. */
  readonly x: number;
  readonly y: number;
  readonly pixelWidth: number;
  readonly pixelHeight: number;
  /** Pixels of a slice's side. */
  readonly size: number;
}

/**
 * The lattice whose pixels are between one and two units of length on the screen, or the map's own if that is coarser.
 * @param scale units per level-0 pixel
 * @returns null for a map without slices
 */
export function latticeFor(map: LiveClassMap, scale: number): MapLattice | null {
  const slice = map.first();
  if (slice === null) return null;
  const unitsPerPixel = (scale * slice.rect.width) / slice.size;
  const wanted = Math.max(0, Math.ceil(Math.log2(1 / unitsPerPixel) - 1e-9));
  let level = 0;
  let size = slice.size;
  while (level < wanted && size % 2 === 0 && size > 2) {
    size /= 2;
    level++;
  }
  return {
    level,
    x: slice.rect.x - slice.column * slice.rect.width,
    y: slice.rect.y - slice.row * slice.rect.height,
    pixelWidth: slice.rect.width / size,
    pixelHeight: slice.rect.height / size,
    size,
  };
}

/** Level-0 pixels to pixels of a window that begins at this pixel of the lattice. */
export function toWindow(lattice: MapLattice, left: number, top: number): Affine {
  return {
    a: 1 / lattice.pixelWidth,
    b: 0,
    c: 0,
    d: 1 / lattice.pixelHeight,
    e: -lattice.x / lattice.pixelWidth - left,
    f: -lattice.y / lattice.pixelHeight - top,
  };
}

/** Pixels of the lattice around an area of the slide, with a margin on each side. */
export function windowAround(
  lattice: MapLattice,
  area: Level0Rect,
  margin: number,
): { readonly left: number; readonly top: number; readonly width: number; readonly height: number } {
  const left = Math.floor((area.x - lattice.x) / lattice.pixelWidth) - margin;
  const top = Math.floor((area.y - lattice.y) / lattice.pixelHeight) - margin;
  const right = Math.ceil((area.x + area.width - lattice.x) / lattice.pixelWidth) + margin;
  const bottom = Math.ceil((area.y + area.height - lattice.y) / lattice.pixelHeight) + margin;
  return { left, top, width: right - left, height: bottom - top };
}

export interface WindowRequest {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Pixels of a lower confidence, 0 to 255, are `noClass`. */
  readonly minConfidence: number;
  /** Whether confidence is needed itself. */
  readonly confidence: boolean;
  /** Level-0 places that count as not segmented, such as glass. */
  readonly leaveOut?: ((x: number, y: number) => boolean) | null;
}

/** @returns null where there is no slice. */
export function readWindow(map: LiveClassMap, lattice: MapLattice, request: WindowRequest): MapWindow | null {
  const { left, top, width, height, minConfidence } = request;
  const classes = new Uint8Array(width * height).fill(noSlice);
  const confidence = request.confidence ? new Uint8Array(width * height) : null;
  const { size } = lattice;
  let found = false;
  for (let row = Math.floor(top / size); row * size < top + height; row++) {
    for (let column = Math.floor(left / size); column * size < left + width; column++) {
      const slice = map.at(column, row);
      if (slice === null) continue;
      found = true;
      copySlice(slice, lattice, request, { classes, confidence, minConfidence });
    }
  }
  if (!found) return null;
  const { leaveOut } = request;
  if (leaveOut != null) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const levelX = lattice.x + (left + x + 0.5) * lattice.pixelWidth;
        const levelY = lattice.y + (top + y + 0.5) * lattice.pixelHeight;
        if (leaveOut(levelX, levelY)) classes[y * width + x] = noSlice;
      }
    }
  }
  return { width, height, classes, confidence };
}

interface Target {
  readonly classes: Uint8Array;
  readonly confidence: Uint8Array | null;
  readonly minConfidence: number;
}

function copySlice(
  slice: StoredSlice,
  { level, size }: MapLattice,
  { left, top, width, height }: WindowRequest,
  { classes, confidence, minConfidence }: Target,
): void {
  // A slice on disk has a coarser map, whose pixels are repeated until it is read back.
  const map = slice.map(level);
  const step = map.size / size;
  const firstX = Math.max(0, left - slice.column * size);
  const lastX = Math.min(size, left + width - slice.column * size);
  const firstY = Math.max(0, top - slice.row * size);
  const lastY = Math.min(size, top + height - slice.row * size);
  for (let y = firstY; y < lastY; y++) {
    const from = Math.floor(y * step) * map.size;
    const to = (slice.row * size + y - top) * width + slice.column * size - left;
    if (step === 1 && minConfidence === 0) {
      classes.set(map.classes.subarray(from + firstX, from + lastX), to + firstX);
      confidence?.set(map.confidence.subarray(from + firstX, from + lastX), to + firstX);
      continue;
    }
    for (let x = firstX; x < lastX; x++) {
      const at = from + Math.floor(x * step);
      const sure = map.confidence[at] ?? 0;
      classes[to + x] = sure >= minConfidence ? (map.classes[at] ?? noClass) : noClass;
      if (confidence !== null) confidence[to + x] = sure;
    }
  }
}

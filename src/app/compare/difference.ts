/** Per-pixel comparison of two class maps: transitions from a class of the first to one of the second. Pure. */
import type { Level0Rect } from '../../slide/slide.ts';
import { classKey } from '../overlay/class-palette.ts';

/** A square of a class map: `size × size` class values in row-major order, covering `rect`. */
export interface ClassGrid {
  readonly rect: Level0Rect;
  readonly size: number;
  readonly classes: Uint8Array;
}

/** Class values of the first map and of the second. */
export interface Transition {
  readonly from: number;
  readonly to: number;
}

/** Code of pixels whose class is the same in both maps. */
export const agreed = 0;
/** Code of pixels that the second map does not cover. */
export const notCompared = 255;
/** Transitions beyond the last code share it. Two maps of 15 classes each do not reach it. */
const lastCode = 254;

/** Codes of pixels by their two classes, 0 to 254. */
export interface PixelCodes {
  /** Transitions that occurred, where the codes count them. */
  readonly transitions: readonly Transition[];
  /** Code of a pixel of class `from` in the first map and class `to` in the second. */
  of(from: number, to: number): number;
}

/** Assigns codes 1 to 254 to transitions as they occur. Classes are equal if their names are. */
export class TransitionCodes implements PixelCodes {
  readonly #firstKeys: readonly string[];
  readonly #secondKeys: readonly string[];
  readonly #codes: Uint8Array;
  readonly #transitions: Transition[] = [];

  constructor(first: readonly { readonly name: string }[], second: readonly { readonly name: string }[]) {
    this.#firstKeys = first.map(({ name }) => classKey(name));
    this.#secondKeys = second.map(({ name }) => classKey(name));
    this.#codes = new Uint8Array(256 * 256);
  }

  /** Transitions that occurred; code c is at index c − 1. */
  get transitions(): readonly Transition[] {
    return this.#transitions;
  }

  /** Code of a pixel of class `from` in the first map and class `to` in the second. */
  of(from: number, to: number): number {
    const known = this.#codes[from * 256 + to] ?? 0;
    if (known !== 0) return known;
    if ((this.#firstKeys[from] ?? `#${from}`) === (this.#secondKeys[to] ?? `#${to}`)) return agreed;
    if (this.#transitions.length < lastCode) this.#transitions.push({ from, to });
    const code = this.#transitions.length;
    this.#codes[from * 256 + to] = code;
    return code;
  }
}

/**
 * Codes of `first`'s pixels, each compared with the pixel of the second map under its centre.
 * @param second squares of the second map, of any grid and resolution.
 */
export function differenceOf(
  first: ClassGrid,
  second: Iterable<ClassGrid>,
  codes: Pick<PixelCodes, 'of'>,
): Uint8Array<ArrayBuffer> {
  const { size, classes } = first;
  const result = new Uint8Array(size * size).fill(notCompared);
  for (const other of second) {
    const columns = placesIn(
      first.rect.x,
      first.rect.width,
      size,
      other.rect.x,
      other.rect.width,
      other.size,
    );
    const rows = placesIn(first.rect.y, first.rect.height, size, other.rect.y, other.rect.height, other.size);
    for (let y = 0; y < size; y++) {
      const row = rows[y] ?? -1;
      if (row < 0) continue;
      for (let x = 0; x < size; x++) {
        const column = columns[x] ?? -1;
        if (column < 0) continue;
        const at = y * size + x;
        result[at] = codes.of(classes[at] ?? 0, other.classes[row * other.size + column] ?? 0);
      }
    }
  }
  return result;
}

/** For the centre of each of `size` pixels along an axis, the pixel of the other map; −1 outside it. */
function placesIn(
  start: number,
  length: number,
  size: number,
  otherStart: number,
  otherLength: number,
  otherSize: number,
): Int32Array {
  return Int32Array.from({ length: size }, (_, at) => {
    const middle = start + ((at + 0.5) / size) * length;
    const place = Math.floor(((middle - otherStart) / otherLength) * otherSize);
    return place >= 0 && place < otherSize ? place : -1;
  });
}

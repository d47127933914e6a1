/**
 * Places of the frames of a sparse tiling (PS3.3 C.7.6.16.2), read straight from the bytes. A parsed data set takes some
 * kilobytes per frame, and a slide may have hundreds of thousands.
 */

import { decimalNumber } from '../../base/decimal.ts';
import { longRepresentations } from '../../base/dicom-start.ts';
import { maxChannels } from '../limits.ts';

/** Per-frame functional groups: one item for each frame. */
export const perFrameTag = 0x52009230;
const positionTag = 0x0048021a;
const columnTag = 0x0048021e;
const rowTag = 0x0048021f;
/** Segment Identification Sequence, and Referenced Segment Number in it (PS3.3 C.8.20). */
const segmentTag = 0x0062000a;
const segmentNumberTag = 0x0062000b;
const measuresTag = 0x00289110;
const spacingTag = 0x00280030;
const pathsTag = 0x00480207;
const pathIdTag = 0x00480106;
/** Longest text of two numbers, or of an identifier. */
const maxTextBytes = 64;

const itemTag = 0xfffee000;
const itemEndTag = 0xfffee00d;
const sequenceEndTag = 0xfffee0dd;
const undefinedLength = 0xffffffff;
/** Sequences within sequences. */
const maxDepth = 32;

export interface FramePositions {
  /** Two values for each frame: column and row of its first pixel, from 1; 0 where it gives none. */
  readonly places: Int32Array;
  /** The segment that each frame of a segmentation shows; 0 where it names none. */
  readonly segments: Uint16Array;
  /** Pixel Spacing of the first frame in mm; null where it has none. */
  readonly spacing: { readonly x: number; readonly y: number } | null;
  /** The optical path of each frame, by its number among `ids`, -1 where it names none; null where no frame names one. */
  readonly paths: { readonly ids: readonly string[]; readonly ofFrames: Int16Array } | null;
  /** Offset of what follows the sequence. */
  readonly end: number;
}

interface Element {
  readonly tag: number;
  readonly length: number;
  /** Offset of its value. */
  readonly at: number;
}

/**
 * @param at offset of the sequence's value. @param length of it; 0xffffffff where it is not given.
 * @param explicit whether elements name their value representation.
 * @param spend called with the memory that the next frames need, in bytes.
 * @throws RangeError when the bytes end within the sequence, or are no sequence.
 */
export function readFramePositions(
  bytes: Uint8Array,
  at: number,
  length: number,
  explicit: boolean,
  spend: (bytes: number) => void,
): FramePositions {
  const walk = new ElementWalk(bytes, explicit);
  const end = length === undefinedLength ? Infinity : at + length;
  if (end !== Infinity && end > bytes.length) throw new RangeError('The bytes end within the sequence.');
  let places = new Int32Array(0);
  let segments = new Uint16Array(0);
  let spacing: FramePositions['spacing'] = null;
  let paths = new Int16Array(0);
  const ids: string[] = [];
  let count = 0;
  const found = (last: number): FramePositions => ({
    places: places.slice(0, count * 2),
    segments: segments.slice(0, count),
    spacing,
    paths: ids.length === 0 ? null : { ids, ofFrames: paths.slice(0, count) },
    end: last,
  });
  let next = at;
  while (next < end) {
    const item = walk.item(next);
    if (item.tag === sequenceEndTag) return found(item.at);
    if (count * 2 === places.length) {
      const more = new Int32Array(Math.max(2048, places.length * 2));
      const morePaths = new Int16Array(more.length / 2).fill(-1);
      const moreSegments = new Uint16Array(more.length / 2);
      spend((more.byteLength - places.byteLength) * 1.5);
      more.set(places);
      morePaths.set(paths);
      moreSegments.set(segments);
      places = more;
      paths = morePaths;
      segments = moreSegments;
    }
    next = walk.each(item, 0, (group) => {
      if (group.tag === measuresTag && count === 0) spacing = walk.spacing(group);
      if (group.tag === pathsTag) paths[count] = numberAmong(ids, walk.text(group, pathIdTag));
      if (group.tag === segmentTag) segments[count] = walk.uint16Within(group, segmentNumberTag);
      if (group.tag !== positionTag) return;
      walk.items(group, 0, (position) => {
        walk.each(position, 0, ({ tag, length: bytesOfValue, at: from }) => {
          if (bytesOfValue < 4) return;
          if (tag === columnTag) places[count * 2] = walk.int32(from);
          else if (tag === rowTag) places[count * 2 + 1] = walk.int32(from);
        });
      });
    });
    count++;
  }
  return found(next);
}

/** The number of an identifier, which is added where it is new; -1 for an empty one, and beyond the most channels. */
function numberAmong(ids: string[], id: string): number {
  const known = id === '' ? -1 : ids.indexOf(id);
  if (known >= 0 || id === '' || ids.length >= maxChannels) return known;
  return ids.push(id) - 1;
}

/** Steps from element to element without keeping any. */
class ElementWalk {
  readonly #view: DataView;
  readonly #explicit: boolean;

  constructor(bytes: Uint8Array, explicit: boolean) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#explicit = explicit;
  }

  int32(at: number): number {
    return this.#view.getInt32(at, true);
  }

  /** A number of two bytes in a sequence; 0 where it has none. */
  uint16Within(sequence: Element, wanted: number): number {
    let found = 0;
    this.items(sequence, 0, (item) => {
      this.each(item, 0, ({ tag, length, at }) => {
        if (tag === wanted && length >= 2) found = this.#view.getUint16(at, true);
      });
    });
    return found;
  }

  /** The text of an element within a sequence's items, up to `maxTextBytes`; empty without one. */
  text(sequence: Element, wanted: number): string {
    let found = '';
    this.items(sequence, 0, (item) => {
      this.each(item, 0, ({ tag, at, length }) => {
        if (tag !== wanted || length > maxTextBytes || found !== '') return;
        const bytes = new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length);
        found = new TextDecoder('latin1').decode(bytes).replaceAll('\0', '').trim();
      });
    });
    return found;
  }

  /** Pixel Spacing (rows, columns) within a Pixel Measures sequence; null without two positive numbers. */
  spacing(measures: Element): FramePositions['spacing'] {
    const [y, x] = this.text(measures, spacingTag).split('\\').map(decimalNumber);
    return x != null && y != null && x > 0 && y > 0 ? { x, y } : null;
  }

  /** An item of a sequence, or the end of one. */
  item(at: number): Element {
    const item = { tag: this.#tag(at), length: this.#view.getUint32(at + 4, true), at: at + 8 };
    if (item.tag !== itemTag && item.tag !== itemEndTag && item.tag !== sequenceEndTag) {
      throw new RangeError('A sequence has something that is not an item.');
    }
    return item;
  }

  /** Calls `visit` for each element of an item. @returns the offset of what follows the item. */
  each(item: Element, depth: number, visit: (element: Element) => void): number {
    const end = item.length === undefinedLength ? Infinity : item.at + item.length;
    this.#check(end);
    let next = item.at;
    while (next < end) {
      const element = this.#element(next);
      if (element.tag === itemEndTag) return element.at;
      visit(element);
      next = this.#endOf(element, depth);
    }
    return next;
  }

  /** Calls `visit` for each item of a sequence. @returns the offset of what follows the sequence. */
  items(sequence: Element, depth: number, visit: (item: Element) => void): number {
    const end = sequence.length === undefinedLength ? Infinity : sequence.at + sequence.length;
    this.#check(end);
    let next = sequence.at;
    while (next < end) {
      const item = this.item(next);
      if (item.tag === sequenceEndTag) return item.at;
      visit(item);
      next = this.each(item, depth + 1, () => undefined);
    }
    return next;
  }

  /** Offset of what follows an element. */
  #endOf(element: Element, depth: number): number {
    if (element.length !== undefinedLength) {
      this.#check(element.at + element.length);
      return element.at + element.length;
    }
    if (depth > maxDepth) throw new RangeError('Its sequences are nested too deeply.');
    return this.items(element, depth + 1, () => undefined);
  }

  #element(at: number): Element {
    const tag = this.#tag(at);
    const group = tag >>> 16;
    if (!this.#explicit || group === 0xfffe) {
      return { tag, length: this.#view.getUint32(at + 4, true), at: at + 8 };
    }
    const representation = String.fromCharCode(this.#view.getUint8(at + 4), this.#view.getUint8(at + 5));
    return longRepresentations.has(representation)
      ? { tag, length: this.#view.getUint32(at + 8, true), at: at + 12 }
      : { tag, length: this.#view.getUint16(at + 6, true), at: at + 8 };
  }

  #tag(at: number): number {
    return ((this.#view.getUint16(at, true) << 16) | this.#view.getUint16(at + 2, true)) >>> 0;
  }

  #check(end: number): void {
    if (end !== Infinity && end > this.#view.byteLength) throw new RangeError('The bytes end too early.');
  }
}

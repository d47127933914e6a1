/** COCO's run-length masks: runs of 0 and 1 by turns, column by column, as numbers or packed into text. */
import { isObject, listOf, textOf } from './annotation-json.ts';

/** A mask of 0 and 1, row by row, as large as what it shows. */
export interface RleMask {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly map: Uint8Array;
}

/**
 * The part of a mask that holds ones.
 * @param spend called with its pixels before memory is taken for them.
 * @returns null where there are no ones; a sentence about what is wrong.
 */
export function readRle(value: unknown, spend: (pixels: number) => void): RleMask | string | null {
  const [height, width] = isObject(value) ? listOf(value.size).map(Number) : [];
  if (!isObject(value) || !isSide(height) || !isSide(width)) return 'has a mask without a size';
  const counts = typeof value.counts === 'string' ? unpacked(textOf(value.counts)) : numbers(value.counts);
  if (counts === null) return 'has a mask whose runs are damaged';
  let total = 0;
  let [left, top, right, bottom] = [Infinity, Infinity, 0, 0];
  counts.forEach((count, i) => {
    const end = total + count;
    if (i % 2 === 1 && count > 0) {
      const [first, last] = [Math.floor(total / height), Math.floor((end - 1) / height)];
      left = Math.min(left, first);
      right = Math.max(right, last + 1);
      top = Math.min(top, first === last ? total % height : 0);
      bottom = Math.max(bottom, first === last ? ((end - 1) % height) + 1 : height);
    }
    total = end;
  });
  if (total > width * height) return `has a mask of more runs than its ${width} × ${height} pixels`;
  if (right === 0) return null;
  const box = { left, top, width: right - left, height: bottom - top };
  spend(box.width * box.height);
  const map = new Uint8Array(box.width * box.height);
  let at = 0;
  counts.forEach((count, i) => {
    if (i % 2 === 1) {
      for (let pixel = at; pixel < at + count; pixel++) {
        map[((pixel % height) - top) * box.width + Math.floor(pixel / height) - left] = 1;
      }
    }
    at += count;
  });
  return { ...box, map };
}

/** Longest side of a COCO image. */
const isSide = (side: number | undefined): side is number =>
  side !== undefined && Number.isInteger(side) && side > 0 && side <= 2 ** 24;

function numbers(value: unknown): number[] | null {
  if (!Array.isArray(value)) return null;
  const counts = value as unknown[];
  const isCount = (count: unknown): count is number => Number.isSafeInteger(count) && Number(count) >= 0;
  return counts.every(isCount) ? counts : null;
}

/** Five bits a letter from 48 on, the sixth says that more follow; from the fourth run on, differences to the one before last. */
function unpacked(text: string): number[] | null {
  const counts: number[] = [];
  let at = 0;
  while (at < text.length) {
    let value = 0;
    let shift = 1;
    for (let more = true; more; shift *= 32) {
      const bits = text.charCodeAt(at++) - 48;
      // A letter past the end is NaN.
      if (!(bits >= 0 && bits < 64) || shift > 2 ** 40) return null;
      value += (bits & 31) * shift;
      more = bits >= 32;
      if (!more && (bits & 16) !== 0) value -= shift * 32;
    }
    if (counts.length > 2) value += counts.at(-2) ?? 0;
    if (value < 0) return null;
    counts.push(value);
  }
  return counts;
}

/**
 * The tags of a VSI file: volumes of fields within one another, after the eight bytes with which the file begins as a TIFF.
 * Fields of a volume are a chain of offsets, which only leads forward.
 */
import type { ByteBudget } from '../limits.ts';

export interface VsiField {
  readonly tag: number;
  /** Number of one among several of the same tag; -1 without. */
  readonly index: number;
  /** A number, several, or a text; null where it has none or is of a type that is not needed. */
  readonly value: number | readonly number[] | string | null;
  readonly fields: readonly VsiField[];
}

const volumeBytes = 24;
const volumeMark = 21_321;
const maxDepth = 32;
const maxText = 10_000;
/** Memory of a field, about. */
const fieldBytes = 200;

/** Numbers by their codes. */
const integers = new Set([
  5, 6, 14, 256, 257, 258, 259, 267, 271, 272, 273, 274, 275, 276, 277, 8195, 8199, 8200,
]);
const doubles = new Set([10, 11, 260, 261, 262, 263, 264, 265, 266, 268, 279, 280]);
const texts = new Set([13, 8192, 8194]);

/** The fields of the file; as many as can be read where it is damaged. @param bytes of the whole file. */
export function vsiFields(bytes: Uint8Array, budget: ByteBudget): VsiField[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // No offset is read twice, whatever refers to it.
  return volume(view, 8, 0, new Set(), budget);
}

function volume(
  view: DataView,
  at: number,
  depth: number,
  seen: Set<number>,
  budget: ByteBudget,
): VsiField[] {
  const fields: VsiField[] = [];
  const size = view.byteLength;
  if (depth > maxDepth || at + volumeBytes > size || view.getUint16(at, true) !== volumeBytes) return fields;
  if (view.getUint16(at + 2, true) !== volumeMark) return fields;
  const count = view.getUint32(at + 16, true) & 0x0fff_ffff;
  let next = at + view.getUint32(at + 8, true);
  for (let i = 0; i < count && next + 16 <= size && !seen.has(next); i++) {
    seen.add(next);
    budget.spend(fieldBytes, 'tags');
    const kind = view.getUint32(next, true);
    const tag = view.getInt32(next + 4, true);
    const following = view.getUint32(next + 8, true);
    const length = view.getUint32(next + 12, true);
    const hasIndex = (kind & 0x0800_0000) !== 0;
    const data = next + (hasIndex ? 20 : 16);
    if (data > size) break;
    const index = hasIndex ? view.getInt32(next + 16, true) : -1;
    const type = kind & 0x00ff_ffff;
    if ((kind & 0x1000_0000) !== 0) {
      const isVolume = type <= 2;
      fields.push({
        tag,
        index,
        value: null,
        fields: isVolume ? volume(view, data, depth + 1, seen, budget) : [],
      });
    } else {
      const isInline = (kind & 0x4000_0000) !== 0;
      const value = isInline ? length | 0 : valueOf(view, type, data, length);
      fields.push({ tag, index, value, fields: [] });
    }
    if (following === 0 || at + following <= next) break;
    next = at + following;
  }
  return fields;
}

function valueOf(view: DataView, type: number, at: number, length: number): VsiField['value'] {
  if (length === 0 || at + length > view.byteLength) return null;
  if (texts.has(type)) {
    const bytes = new Uint8Array(view.buffer, view.byteOffset + at, Math.min(length, maxText) & ~1);
    return new TextDecoder('utf-16le').decode(bytes).split('\0')[0]!;
  }
  const [bytes, read] = integers.has(type)
    ? [4, (from: number): number => view.getInt32(from, true)]
    : doubles.has(type)
      ? [8, (from: number): number => view.getFloat64(from, true)]
      : [0, (): number => 0];
  const count = bytes === 0 ? 0 : Math.min(16, Math.floor(length / bytes));
  if (count === 0) return null;
  const values = Array.from({ length: count }, (_, i) => read(at + i * bytes));
  return count === 1 ? values[0]! : values;
}

/** The first field of a tag at the end of a path of tags; undefined without one. */
export function fieldAt(fields: readonly VsiField[], ...path: readonly number[]): VsiField | undefined {
  let found: VsiField | undefined;
  for (const tag of path) {
    found = (found?.fields ?? fields).find((one) => one.tag === tag);
    if (found === undefined) return undefined;
  }
  return found;
}

/** The first field of a tag at any depth. */
export function anyField(fields: readonly VsiField[], tag: number): VsiField | undefined {
  const open = [...fields].reverse();
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one.tag === tag) return one;
    open.push(...one.fields.toReversed());
  }
  return undefined;
}

/** Encodes TIFF directories, classic (32-bit offsets) and BigTIFF (64-bit). Little-endian. */

export const fieldType = { ascii: 2, short: 3, long: 4, rational: 5, long8: 16 } as const;

/** One entry of a directory. Rationals alternate numerators and denominators. */
export interface IfdEntry {
  readonly tag: number;
  readonly type: number;
  readonly values: ArrayLike<number>;
}

const bytesPerValue: Record<number, number> = { 2: 1, 3: 2, 4: 4, 5: 8, 16: 8 };

/** Numbers per value: rationals take two. */
function countOf(entry: IfdEntry): number {
  return entry.type === fieldType.rational ? entry.values.length / 2 : entry.values.length;
}

export function asciiEntry(tag: number, text: string): IfdEntry {
  const bytes = new TextEncoder().encode(text);
  const values = new Uint8Array(bytes.length + 1);
  values.set(bytes);
  return { tag, type: fieldType.ascii, values };
}

/**
 * Encodes a directory followed by its values, to be written at `offset` (even). `next` is the offset of the
 * following directory; pass a function if it depends on this directory's length.
 */
export function encodeIfd(
  entries: readonly IfdEntry[],
  offset: number,
  isBig: boolean,
  nextAfter: (end: number) => number,
): Uint8Array<ArrayBuffer> {
  const sorted = [...entries].sort((a, b) => a.tag - b.tag);
  const entrySize = isBig ? 20 : 12;
  const inline = isBig ? 8 : 4;
  const headSize = (isBig ? 8 : 2) + sorted.length * entrySize + inline;
  let end = headSize;
  const places = sorted.map((entry) => {
    const size = countOf(entry) * bytesPerValue[entry.type]!;
    if (size <= inline) return -1;
    const place = end;
    end += size + (size & 1);
    return place;
  });
  end += end & 1;
  const bytes = new Uint8Array(end);
  const view = new DataView(bytes.buffer);
  const putOffset = (at: number, value: number): void => {
    if (isBig) view.setBigUint64(at, BigInt(value), true);
    else view.setUint32(at, value, true);
  };
  if (isBig) view.setBigUint64(0, BigInt(sorted.length), true);
  else view.setUint16(0, sorted.length, true);
  sorted.forEach((entry, i) => {
    const at = (isBig ? 8 : 2) + i * entrySize;
    view.setUint16(at, entry.tag, true);
    view.setUint16(at + 2, entry.type, true);
    putOffset(at + 4, countOf(entry));
    const valueAt = at + 4 + inline;
    const place = places[i]!;
    if (place >= 0) putOffset(valueAt, offset + place);
    putValues(view, place >= 0 ? place : valueAt, entry);
  });
  putOffset(headSize - inline, nextAfter(offset + end));
  return bytes;
}

function putValues(view: DataView, at: number, { type, values }: IfdEntry): void {
  const size = type === fieldType.rational ? 4 : bytesPerValue[type]!;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const place = at + i * size;
    if (size === 1) view.setUint8(place, value);
    else if (size === 2) view.setUint16(place, value, true);
    else if (size === 4) view.setUint32(place, value, true);
    else view.setBigUint64(place, BigInt(value), true);
  }
}

/** The file's header: 8 bytes, or 16 for BigTIFF. */
export function encodeHeader(firstIfd: number, isBig: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(isBig ? 16 : 8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x4949, true);
  view.setUint16(2, isBig ? 43 : 42, true);
  if (isBig) {
    view.setUint16(4, 8, true);
    view.setBigUint64(8, BigInt(firstIfd), true);
  } else {
    view.setUint32(4, firstIfd, true);
  }
  return bytes;
}

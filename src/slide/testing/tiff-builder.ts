/** Builds small TIFF files by hand, valid or broken, for tests. */

/** Tag, field type, values; a Uint8Array is written as is. */
export type BuiltEntry = readonly [tag: number, type: number, values: readonly number[] | Uint8Array];

export interface BuiltTiff {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Offset of the directory. */
  readonly directory: number;
  /** Offset of each entry's record. */
  readonly entries: ReadonlyMap<number, number>;
}

const typeBytes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1 };

/** A little-endian classic TIFF of one directory, with tiles from offset 8 on. */
export function buildTiff(tiles: readonly Uint8Array[], entries: readonly BuiltEntry[], next = 0): BuiltTiff {
  const parts: number[] = [0x49, 0x49, 42, 0, 0, 0, 0, 0];
  for (const tile of tiles) for (const byte of tile) parts.push(byte);
  const records: number[] = [];
  const at = new Map<number, number>();
  const u16 = (value: number): number[] => [value & 255, (value >> 8) & 255];
  const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(Math.floor(value / 65536))];
  for (const [tag, type, values] of entries) {
    const size = typeBytes[type] ?? 1;
    const bytes: number[] = [];
    for (const value of values) bytes.push(...(size === 1 ? [value] : size === 2 ? u16(value) : u32(value)));
    const count = values.length;
    let inline = bytes;
    if (bytes.length > 4) {
      inline = u32(parts.length);
      parts.push(...bytes);
    }
    at.set(tag, records.length);
    records.push(
      ...u16(tag),
      ...u16(type),
      ...u32(count),
      ...inline,
      ...new Array<number>(4 - Math.min(4, inline.length)).fill(0),
    );
  }
  const directory = parts.length;
  parts.push(...u16(entries.length), ...records, ...u32(next));
  const bytes = Uint8Array.from(parts);
  new DataView(bytes.buffer).setUint32(4, directory, true);
  return {
    bytes,
    directory,
    entries: new Map([...at].map(([tag, offset]) => [tag, directory + 2 + offset])),
  };
}

/** Entries of an RGB image with tiles of 16 pixels, in any coding, laid end to end. */
export function tiledEntries(
  width: number,
  height: number,
  tiles: readonly Uint8Array[],
  compression = 1,
): BuiltEntry[] {
  let at = 8;
  const offsets = tiles.map((tile) => (at += tile.length) - tile.length);
  return [
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, [8, 8, 8]],
    [259, 3, [compression]],
    [262, 3, [2]],
    [277, 3, [3]],
    [322, 4, [16]],
    [323, 4, [16]],
    [324, 4, offsets],
    [325, 4, tiles.map((tile) => tile.length)],
  ];
}

/** The entries with one replaced, added, or (with null) removed. */
export function changed(
  entries: readonly BuiltEntry[],
  tag: number,
  entry: readonly [type: number, values: readonly number[] | Uint8Array] | null,
): BuiltEntry[] {
  const rest = entries.filter(([number]) => number !== tag);
  return entry === null ? rest : [...rest, [tag, ...entry] as const].sort((a, b) => a[0] - b[0]);
}

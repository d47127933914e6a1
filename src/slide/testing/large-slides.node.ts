/** Slides of one level with very many tiles, written in a second: many places of the table point to the same bytes. */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import sharp from 'sharp';

/** Side of the tiles in pixels. */
export const largeTilePx = 256;

/** Whether a tile is in the tissue: an ellipse, left and above the middle, with a hole. */
export function isTissue(column: number, row: number, columns: number, rows: number): boolean {
  const x = column / columns - 0.42;
  const y = row / rows - 0.45;
  const hole = (column / columns - 0.5) ** 2 + (row / rows - 0.5) ** 2 < 0.004;
  return x * x * 9 + y * y * 14 < 1 && !hole;
}

/** Scattered, so that no regular sample of tiles is of one pattern. */
function patternOf(column: number, row: number, patterns: number): number {
  return (Math.imul(column * 73856093 + row * 19349663, 0x9e3779b1) >>> 13) % patterns;
}

/** JPEG tiles: glass, and tissue in a few patterns. */
async function jpegTiles(): Promise<{ readonly glass: Buffer; readonly tissue: readonly Buffer[] }> {
  const side = largeTilePx;
  const tile = (colour: (x: number, y: number) => readonly number[]): Promise<Buffer> => {
    const data = Buffer.alloc(side * side * 3);
    for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) data.set(colour(x, y), (y * side + x) * 3);
    return sharp(data, { raw: { width: side, height: side, channels: 3 } })
      .jpeg({ quality: 70 })
      .toBuffer();
  };
  const tissue = Array.from({ length: 8 }, (_, i) =>
    tile((x, y) => {
      const wave = Math.sin((x + 31 * i) / 11) * Math.cos((y - 17 * i) / 13) * 30;
      return [215 - 6 * i + wave, 120 + 5 * i + wave, 180 - 4 * i + wave / 2];
    }),
  );
  return { glass: await tile(() => [243, 241, 244]), tissue: await Promise.all(tissue) };
}

/** A classic TIFF of `columns × rows` JPEG tiles in one level. */
export async function writeLargeTiff(path: string, columns: number, rows: number): Promise<void> {
  const { glass, tissue } = await jpegTiles();
  const tiles = [glass, ...tissue];
  const starts: number[] = [];
  let at = 8;
  for (const tile of tiles) {
    starts.push(at);
    at += tile.length + (tile.length & 1);
  }
  const count = columns * rows;
  const offsets = new Uint32Array(count);
  const lengths = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const column = i % columns;
    const row = Math.floor(i / columns);
    const which = isTissue(column, row, columns, rows) ? 1 + patternOf(column, row, tissue.length) : 0;
    offsets[i] = starts[which]!;
    lengths[i] = tiles[which]!.length;
  }
  const tables = at;
  const directory = tables + 8 * count + 8;
  const entries: [tag: number, type: number, count: number, value: number][] = [
    [256, 4, 1, columns * largeTilePx],
    [257, 4, 1, rows * largeTilePx],
    [258, 3, 3, directory - 8],
    [259, 3, 1, 7],
    [262, 3, 1, 6],
    [277, 3, 1, 3],
    [322, 3, 1, largeTilePx],
    [323, 3, 1, largeTilePx],
    [324, 4, count, tables],
    [325, 4, count, tables + 4 * count],
  ];
  const head = Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  head.writeUInt32LE(directory, 4);
  const tail = Buffer.alloc(8 + 2 + entries.length * 12 + 4);
  for (const i of [0, 2, 4]) tail.writeUInt16LE(8, i);
  tail.writeUInt16LE(entries.length, 8);
  for (const [i, [tag, type, values, value]] of entries.entries()) {
    const to = 10 + i * 12;
    tail.writeUInt16LE(tag, to);
    tail.writeUInt16LE(type, to + 2);
    tail.writeUInt32LE(values, to + 4);
    if (type === 3 && values === 1) tail.writeUInt16LE(value, to + 8);
    else tail.writeUInt32LE(value, to + 8);
  }
  const file = await open(path, 'w');
  try {
    await file.write(head, 0, head.length, 0);
    for (const [i, tile] of tiles.entries()) await file.write(tile, 0, tile.length, starts[i]);
    await file.write(Buffer.from(offsets.buffer), 0, 4 * count, tables);
    await file.write(Buffer.from(lengths.buffer), 0, 4 * count, tables + 4 * count);
    await file.write(tail, 0, tail.length, directory - 8);
  } finally {
    await file.close();
  }
}

/** Bytes of a DICOM element with explicit value representation. */
function element(
  group: number,
  number: number,
  vr: string,
  value: Buffer | string | number,
  undefinedLength = false,
): Buffer {
  const padding = vr === 'UI' || vr === 'OB' ? '\0' : ' ';
  let bytes: Buffer;
  if (typeof value === 'number') {
    bytes = Buffer.alloc(vr === 'US' ? 2 : 4);
    if (vr === 'US') bytes.writeUInt16LE(value);
    else if (vr === 'SL') bytes.writeInt32LE(value);
    else bytes.writeUInt32LE(value);
  } else
    bytes = typeof value === 'string' ? Buffer.from(value.length % 2 === 1 ? value + padding : value) : value;
  const long = ['OB', 'OW', 'SQ', 'OV', 'UN'].includes(vr);
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, 'latin1');
  if (long) head.writeUInt32LE(undefinedLength ? 0xffffffff : bytes.length, 8);
  else head.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

/** An item of a sequence. */
function item(value: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(0xfffe, 0);
  head.writeUInt16LE(0xe000, 2);
  head.writeUInt32LE(value.length, 4);
  return Buffer.concat([head, value]);
}

/**
 * The base level of a DICOM slide: one instance of `columns × rows` JPEG frames, every one with its position as in
 * sparse tilings, or in row order.
 */
export async function writeLargeDicom(
  path: string,
  columns: number,
  rows: number,
  tiling: 'TILED_SPARSE' | 'TILED_FULL',
): Promise<void> {
  const { glass, tissue } = await jpegTiles();
  const count = columns * rows;
  const jpegBaseline = '1.2.840.10008.1.2.4.50';
  const meta = element(2, 0x10, 'UI', jpegBaseline);
  const parts = [Buffer.alloc(128), Buffer.from('DICM'), element(2, 0, 'UL', meta.length), meta];
  parts.push(
    element(8, 8, 'CS', 'ORIGINAL\\PRIMARY\\VOLUME\\NONE'),
    element(8, 0x16, 'UI', '1.2.840.10008.5.1.4.1.1.77.1.6'),
    element(0x20, 0xe, 'UI', '1.2.3.4'),
    element(0x20, 0x9311, 'CS', tiling),
    element(0x28, 2, 'US', 3),
    element(0x28, 4, 'CS', 'YBR_FULL_422'),
    element(0x28, 6, 'US', 0),
    element(0x28, 8, 'IS', String(count)),
    element(0x28, 0x10, 'US', largeTilePx),
    element(0x28, 0x11, 'US', largeTilePx),
    element(0x28, 0x100, 'US', 8),
    element(0x48, 6, 'UL', columns * largeTilePx),
    element(0x48, 7, 'UL', rows * largeTilePx),
  );
  if (tiling === 'TILED_SPARSE') {
    const groups: Buffer[] = [];
    for (let i = 0; i < count; i++) {
      const position = Buffer.concat([
        element(0x48, 0x21e, 'SL', (i % columns) * largeTilePx + 1),
        element(0x48, 0x21f, 'SL', Math.floor(i / columns) * largeTilePx + 1),
      ]);
      groups.push(item(element(0x48, 0x21a, 'SQ', item(position))));
    }
    parts.push(element(0x5200, 0x9230, 'SQ', Buffer.concat(groups)));
  }
  const stream = createWriteStream(path);
  const write = async (bytes: Buffer): Promise<void> => {
    if (!stream.write(bytes)) await once(stream, 'drain');
  };
  await write(Buffer.concat(parts));
  const even = (bytes: Buffer): Buffer =>
    bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  const frames = [glass, ...tissue].map((tile) => item(even(tile)));
  const which = (i: number): Buffer => {
    const column = i % columns;
    const row = Math.floor(i / columns);
    return frames[isTissue(column, row, columns, rows) ? 1 + patternOf(column, row, tissue.length) : 0]!;
  };
  const table = Buffer.alloc(4 * count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    table.writeUInt32LE(at % 2 ** 32, 4 * i);
    at += which(i).length;
  }
  await write(element(0x7fe0, 0x10, 'OB', item(table), true));
  for (let i = 0; i < count; i += 1024) {
    await write(Buffer.concat(Array.from({ length: Math.min(1024, count - i) }, (_, k) => which(i + k))));
  }
  const end = Buffer.alloc(8);
  end.writeUInt16LE(0xfffe, 0);
  end.writeUInt16LE(0xe0dd, 2);
  await write(end);
  stream.end();
  await once(stream, 'finish');
}

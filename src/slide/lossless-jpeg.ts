/**
 * Lossless JPEG (ITU-T T.81, annex H; process 14), which no browser decodes: differences to a predicted value, in Huffman
 * codes. Not to be confused with JPEG-LS.
 */
import { maxTilePixels } from './limits.ts';
import type { Samples } from './sample-codec/samples.ts';

interface Component {
  readonly id: number;
  /** Its place among the components of the frame. */
  readonly index: number;
}

interface Frame {
  readonly bits: number;
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
}

/** For each 16 bits that follow, the length of the first code in them times 256, plus its value; 0 where there is none. */
type HuffmanTable = Uint16Array;

interface Scan {
  readonly components: readonly { readonly index: number; readonly table: HuffmanTable }[];
  /** How a value is predicted, 1 to 7 (table H.1). */
  readonly predictor: number;
  /** Bits by which values were shifted down. */
  readonly shift: number;
  /** Offset of the coded data. */
  readonly dataAt: number;
}

/** @throws Error when the stream is damaged, or is not lossless JPEG of 1 to 4 components without subsampling. */
export function decodeLosslessJpeg(bytes: Uint8Array): Samples {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) throw new Error('It is not a JPEG.');
  const tables = new Map<number, HuffmanTable>();
  let frame: Frame | null = null;
  let values: Uint16Array | null = null;
  let restartInterval = 0;
  const done = new Set<number>();
  for (let at = 2; ;) {
    if (at + 4 > bytes.length) throw new Error('Its image data ends early.');
    const marker = view.getUint16(at);
    if (marker === 0xffff) {
      at++;
      continue;
    }
    if (marker === 0xffd9) break;
    const length = view.getUint16(at + 2);
    const end = at + 2 + length;
    if (marker >>> 8 !== 0xff || length < 2 || end > bytes.length)
      throw new Error('Its headers are damaged.');
    if (marker === 0xffc4) readTables(bytes.subarray(at + 4, end), tables);
    else if (marker === 0xffdd && length >= 4) restartInterval = view.getUint16(at + 4);
    else if (marker === 0xffc3) {
      if (frame !== null) throw new Error('It has two frames.');
      frame = readFrame(bytes.subarray(at + 4, end));
      values = new Uint16Array(frame.width * frame.height * frame.components.length);
    } else if (marker >= 0xffc0 && marker <= 0xffcf && marker !== 0xffc8 && marker !== 0xffcc) {
      throw new Error('It is not a lossless JPEG.');
    } else if (marker === 0xffda) {
      if (frame === null || values === null) throw new Error('It has no frame.');
      const scan = readScan(bytes, at + 4, end, frame, tables);
      at = decodeScan(bytes, scan, frame, restartInterval, values);
      for (const { index } of scan.components) done.add(index);
      if (done.size === frame.components.length) break;
      continue;
    }
    at = end;
  }
  if (frame === null || values === null || done.size < frame.components.length) {
    throw new Error('Its image data ends early.');
  }
  const { bits, width, height, components } = frame;
  const data = bits > 8 ? values : Uint8Array.from(values);
  return { width, height, components: components.length, bits, planar: false, data: data as Samples['data'] };
}

/** B.2.2. */
function readFrame(segment: Uint8Array): Frame {
  const [bits = 0, h1 = 0, h0 = 0, w1 = 0, w0 = 0, count = 0] = segment;
  const height = h1 * 256 + h0;
  const width = w1 * 256 + w0;
  if (bits < 2 || bits > 16 || width === 0 || height === 0 || width * height > maxTilePixels) {
    throw new Error(`It claims ${width} by ${height} pixels of ${bits} bits.`);
  }
  if (count < 1 || count > 4 || segment.length < 6 + 3 * count) {
    throw new Error(`${count} components are not supported.`);
  }
  const components = Array.from({ length: count }, (_, index): Component => {
    if (count > 1 && segment[7 + 3 * index] !== 0x11)
      throw new Error('Subsampled components are not supported.');
    return { id: segment[6 + 3 * index]!, index };
  });
  return { bits, width, height, components };
}

/** B.2.4.2 and C.2. */
function readTables(segment: Uint8Array, tables: Map<number, HuffmanTable>): void {
  for (let at = 0; at + 17 <= segment.length;) {
    const id = segment[at]!;
    const table = new Uint16Array(65_536);
    let next = at + 17;
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      for (let i = 0; i < segment[at + length]!; i++, next++, code++) {
        const value = segment[next];
        const from = code << (16 - length);
        if (value === undefined || value > 16 || code >= 2 ** length)
          throw new Error('Its codes are damaged.');
        table.fill(length * 256 + value, from, from + 2 ** (16 - length));
      }
      code *= 2;
    }
    if (id < 4) tables.set(id, table);
    at = next;
  }
}

/** B.2.3. */
function readScan(
  bytes: Uint8Array,
  at: number,
  end: number,
  frame: Frame,
  tables: ReadonlyMap<number, HuffmanTable>,
): Scan {
  const count = bytes[at]!;
  if (at + 4 + 2 * count !== end || count < 1) throw new Error('Its scan is damaged.');
  const components = Array.from({ length: count }, (_, i) => {
    const component = frame.components.find(({ id }) => id === bytes[at + 1 + 2 * i]);
    const table = tables.get(bytes[at + 2 + 2 * i]! >> 4);
    if (component === undefined || table === undefined) throw new Error('Its scan is damaged.');
    return { index: component.index, table };
  });
  const predictor = bytes[end - 3]!;
  const shift = bytes[end - 1]! & 15;
  if (predictor < 1 || predictor > 7 || shift >= frame.bits) throw new Error('Its scan is damaged.');
  return { components, predictor, shift, dataAt: end };
}

/** Fills in the values of a scan's components. @returns the offset of the marker after it. */
function decodeScan(
  bytes: Uint8Array,
  { components, predictor, shift, dataAt }: Scan,
  { bits, width, height, components: all }: Frame,
  restartInterval: number,
  values: Uint16Array,
): number {
  const reader = new BitReader(bytes, dataAt);
  const step = all.length;
  const rowStep = width * step;
  const initial = 2 ** (bits - shift - 1);
  const mask = 2 ** bits - 1;
  let restarts = 0;
  /** The row in which the last restart interval began: it is predicted like the first. */
  let firstRow = 0;
  for (let y = 0, unit = 0; y < height; y++) {
    for (let x = 0; x < width; x++, unit++) {
      const isStart = restartInterval > 0 && unit > 0 && unit % restartInterval === 0;
      if (isStart) {
        reader.restart(restarts++ % 8);
        firstRow = y;
      }
      for (const { index, table } of components) {
        const at = y * rowStep + x * step + index;
        let predicted: number;
        if (isStart || (x === 0 && y === 0)) predicted = initial;
        else if (y === firstRow) predicted = values[at - step]!;
        else if (x === 0) predicted = values[at - rowStep]!;
        else
          predicted = predict(
            predictor,
            values[at - step]!,
            values[at - rowStep]!,
            values[at - rowStep - step]!,
          );
        values[at] = (predicted + reader.difference(table)) & mask;
      }
    }
  }
  if (shift > 0) {
    for (const { index } of components) {
      for (let at = index; at < values.length; at += step) values[at] = values[at]! << shift;
    }
  }
  return reader.markerAt();
}

/** Table H.1. @param a left. @param b above. @param c above on the left. */
function predict(predictor: number, a: number, b: number, c: number): number {
  switch (predictor) {
    case 1:
      return a;
    case 2:
      return b;
    case 3:
      return c;
    case 4:
      return a + b - c;
    case 5:
      return a + ((b - c) >> 1);
    case 6:
      return b + ((a - c) >> 1);
    default:
      return (a + b) >> 1;
  }
}

/** Bits of entropy-coded data, in which 0xff is followed by a zero (F.2.2.5). */
class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #bits = 0;
  /** Of them valid. */
  #count = 0;
  /** Zero bits that were made up after the data's end: a code may be looked for in them, not found. */
  #padding = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** The next difference (H.1.2.2). */
  difference(table: HuffmanTable): number {
    this.#fill(16);
    const entry = table[(this.#bits >>> (this.#count - 16)) & 0xffff]!;
    if (entry === 0) throw new Error('Its image data is damaged.');
    this.#drop(entry >> 8);
    const size = entry & 255;
    if (size === 0) return 0;
    if (size === 16) return 32_768;
    this.#fill(size);
    const value = (this.#bits >>> (this.#count - size)) & (2 ** size - 1);
    this.#drop(size);
    return value < 2 ** (size - 1) ? value - 2 ** size + 1 : value;
  }

  /** Goes on after a restart marker. @throws Error when another one, or none, comes next. */
  restart(number: number): void {
    this.#count = 0;
    this.#padding = 0;
    const at = this.markerAt();
    if (this.#bytes[at + 1] !== 0xd0 + number) throw new Error('A restart marker is missing.');
    this.#at = at + 2;
  }

  /** Offset of the next marker; the end of the bytes without one. */
  markerAt(): number {
    for (let at = this.#at; at + 1 < this.#bytes.length; at++) {
      if (this.#bytes[at] === 0xff && this.#bytes[at + 1] !== 0 && this.#bytes[at + 1] !== 0xff) return at;
    }
    return this.#bytes.length;
  }

  #drop(count: number): void {
    this.#count -= count;
    if (this.#count < this.#padding) throw new Error('Its image data ends early.');
  }

  #fill(count: number): void {
    while (this.#count < count) {
      const byte = this.#bytes[this.#at];
      const isMarker = byte === 0xff && this.#bytes[this.#at + 1] !== 0;
      if (byte === undefined || isMarker) {
        this.#padding += 8;
        this.#bits = this.#bits << 8;
      } else {
        this.#at += byte === 0xff ? 2 : 1;
        this.#bits = (this.#bits << 8) | byte;
      }
      this.#count += 8;
    }
  }
}

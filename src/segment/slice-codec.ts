/**
 * Encodes finished slices for storage, in the browser and on disk. Checksums over header, payload and the run's key detect
 * any damage.
 */
import { deflateSync, inflateSync } from 'fflate';
import { crc32 } from '../base/crc32.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';

/**
 * Bytes before the compressed payload, as big-endian 32-bit numbers: magic, order, column, row, side of the slice, margin,
 * classes with log-probabilities, payload length, CRC-32 of the payload, CRC-32 of the key and all before it. So every bit
 * of a record is under a checksum, together with its place in the file and the run that it belongs to.
 */
export const recordHeadBytes = 40;

/** `DSL4`; the digit is the version of the format. */
export const recordMagic = Uint8Array.of(0x44, 0x53, 0x4c, 0x34);
const magic = 0x44534c34;
const checkAt = recordHeadBytes - 4;

/** Maximum side of a slice, pixels. */
const maxSizePx = 8192;

/** Raw DEFLATE (RFC 1951) and its checksum, with the platform's fastest implementation. */
export interface Compression {
  readonly deflate: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array;
  /** @param length of the result. @throws Error when the bytes are damaged. */
  readonly inflate: (bytes: Uint8Array, length: number) => Uint8Array;
  readonly crc32: (bytes: Uint8Array) => number;
}

export const portableCompression: Compression = {
  deflate: (bytes) => deflateSync(bytes, { level: 1 }),
  inflate: (bytes, length) => inflateSync(bytes, { out: new Uint8Array(length) }),
  crc32,
};

/** Where a record belongs. */
export interface RecordPlace {
  /** Number of the record in its file, from 0: records that were lost, moved or repeated are noticed. 0 in a database. */
  readonly order: number;
  readonly column: number;
  readonly row: number;
}

export interface RecordHead extends RecordPlace {
  /** Side of the slice and width of its margin, pixels of the maps. */
  readonly sizePx: number;
  readonly marginPx: number;
  /** Number of classes with log-probabilities; 0 without overlap. */
  readonly depth: number;
  /** Length of the payload, bytes. */
  readonly length: number;
  readonly payloadCrc: number;
}

/**
 * Encodes a slice. The payload contains the class map, the confidence map and, with overlap, the log-probabilities of the
 * border band where neighbours are blended.
 * @param key of the run.
 * @param marginPx of the plan; 0 stores no log-probabilities.
 * @throws RangeError for maps of another size, or missing log-probabilities with overlap.
 */
export function encodeSlice(
  key: string,
  { order, column, row }: RecordPlace,
  maps: SliceMaps,
  marginPx: number,
  { deflate, crc32: crcOf }: Compression = portableCompression,
): Uint8Array<ArrayBuffer> {
  const { size, classes, confidence, logProbabilities } = maps;
  const pixels = size * size;
  if (classes.length !== pixels || confidence.length !== pixels) {
    throw new RangeError(`A slice has ${pixels} pixels, not ${classes.length}.`);
  }
  if (marginPx > 0 && logProbabilities === undefined) {
    throw new RangeError('Overlapping slices need log-probabilities.');
  }
  const depth = marginPx === 0 ? 0 : (logProbabilities?.length ?? 0) / pixels;
  const raw = rawBytes(2 * pixels + bandPixels(size, marginPx) * depth);
  raw.set(classes);
  raw.set(confidence, pixels);
  let at = 2 * pixels;
  for (const { from, length } of bandRuns(size, marginPx)) {
    raw.set(logProbabilities?.subarray(from * depth, (from + length) * depth) ?? [], at);
    at += length * depth;
  }
  const payload = deflate(raw);
  const record = new Uint8Array(recordHeadBytes + payload.length);
  const view = new DataView(record.buffer);
  const fields = [magic, order, column, row, size, marginPx, depth, payload.length, crcOf(payload)];
  fields.forEach((value, i) => view.setUint32(4 * i, value));
  view.setUint32(checkAt, crc32(record.subarray(0, checkAt), crcOfKey(key)));
  record.set(payload, recordHeadBytes);
  return record;
}

/**
 * Decodes the header at the start of `bytes`; null if it is damaged or of another run.
 * @param keyCrc `crcOfKey` of the run's key
 */
export function decodeHead(keyCrc: number, bytes: Uint8Array): RecordHead | null {
  if (bytes.length < recordHeadBytes) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, recordHeadBytes);
  if (view.getUint32(0) !== magic) return null;
  if (view.getUint32(checkAt) !== crc32(bytes.subarray(0, checkAt), keyCrc)) return null;
  const [order, column, row, sizePx, marginPx, depth, length, payloadCrc] = [
    4, 8, 12, 16, 20, 24, 28, 32,
  ].map((at) => view.getUint32(at)) as [number, number, number, number, number, number, number, number];
  if (sizePx > maxSizePx || 4 * marginPx > sizePx || depth > 256) return null;
  return { order, column, row, sizePx, marginPx, depth, length, payloadCrc };
}

/**
 * Decodes the maps of a record; log-probabilities outside the band are 0.
 * @returns null if the record is damaged, or of another run or place.
 */
export function decodeSlice(
  key: string,
  column: number,
  row: number,
  record: Uint8Array,
  { inflate, crc32: crcOf }: Compression = portableCompression,
): SliceMaps | null {
  const head = decodeHead(crcOfKey(key), record);
  if (head?.column !== column || head.row !== row) return null;
  const { sizePx: size, marginPx, depth, length, payloadCrc } = head;
  const payload = record.subarray(recordHeadBytes, recordHeadBytes + length);
  if (payload.length !== length || crcOf(payload) !== payloadCrc) return null;
  const pixels = size * size;
  const expected = 2 * pixels + bandPixels(size, marginPx) * depth;
  let raw: Uint8Array;
  try {
    raw = inflate(payload, expected);
  } catch {
    return null;
  }
  if (raw.length !== expected) return null;
  const classes = raw.slice(0, pixels);
  const confidence = raw.slice(pixels, 2 * pixels);
  if (depth === 0) return { size, classes, confidence };
  const logProbabilities = new Uint8Array(pixels * depth);
  let at = 2 * pixels;
  for (const { from, length: run } of bandRuns(size, marginPx)) {
    logProbabilities.set(raw.subarray(at, at + run * depth), from * depth);
    at += run * depth;
  }
  return { size, classes, confidence, logProbabilities };
}

/** Reused memory: the garbage collector starts after so many bytes of arrays, however few objects there are to find. */
let memory = new Uint8Array(0);

/** Bytes that are valid until the next call. */
function rawBytes(length: number): Uint8Array<ArrayBuffer> {
  if (memory.length < length) memory = new Uint8Array(length);
  return memory.subarray(0, length);
}

/** Checksum that the headers of a run start from. */
export function crcOfKey(key: string): number {
  return crc32(new TextEncoder().encode(key));
}

/** Number of pixels in the band, which is twice the margin wide: both neighbours extend beyond their common border. */
function bandPixels(sizePx: number, marginPx: number): number {
  return sizePx ** 2 - (sizePx - 4 * marginPx) ** 2;
}

/** The band as runs of pixels, row by row. */
function* bandRuns(sizePx: number, marginPx: number): Generator<{ from: number; length: number }> {
  const width = 2 * marginPx;
  if (width === 0) return;
  for (let y = 0; y < sizePx; y++) {
    const from = y * sizePx;
    if (y < width || y >= sizePx - width) yield { from, length: sizePx };
    else {
      yield { from, length: width };
      yield { from: from + sizePx - width, length: width };
    }
  }
}

/**
 * JPEG streams in slides (ITU-T T.81) may be abbreviated, with separate tables, and their colours may be
 * declared by the container rather than the stream. Native decoders get a complete file whose only
 * application segment states its colours, so that all decoders agree on them.
 */

import { maxJpegSegments } from './limits.ts';
import { jpegColours, type Colours, type JpegMarks } from './stream-colours.ts';

/** Frame header of a JPEG stream. */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bits: number;
  /** Offset of the SOFn marker. */
  readonly frameAt: number;
  /** Offset of the SOS marker. */
  readonly scanAt: number;
  /** Offset of the first entropy-coded byte. */
  readonly dataAt: number;
  /** SOF number: 0 baseline, 2 progressive. */
  readonly process: number;
  /** MCU size in pixels. */
  readonly mcuWidth: number;
  readonly mcuHeight: number;
  /** MCUs between restart markers; 0 without markers. */
  readonly restartInterval: number;
}

/** Adobe's APP14 segment; its last byte is the transform: 0 for RGB, 1 for YCbCr. */
const adobe = (transform: 0 | 1): number[] => [
  0xff,
  0xee,
  0x00,
  0x0e,
  0x41,
  0x64,
  0x6f,
  0x62,
  0x65,
  0x00,
  0x64,
  0x00,
  0x00,
  0x00,
  0x00,
  transform,
];

export interface Segment {
  readonly marker: number;
  /** From the 0xff of the marker to the end of the segment. */
  readonly start: number;
  readonly end: number;
}

/** Segments up to and including SOS; where the stream ends early, so does the list, without an error. */
export function jpegSegments(bytes: Uint8Array): Segment[] {
  const found: Segment[] = [];
  let at = 2;
  while (at + 4 <= bytes.length && found.length < maxJpegSegments) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xd9) break;
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const end = at + 2 + length;
    if (length < 2 || end > bytes.length) break;
    found.push({ marker, start: at, end });
    if (marker === 0xda) break;
    at = end;
  }
  return found;
}

/** Whether the bytes start like a JPEG stream. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** The frame header; null when there is none or the stream is damaged before its first scan. */
export function jpegFrame(bytes: Uint8Array): JpegFrame | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const all = jpegSegments(bytes);
  const isFrame = (m: number): boolean => m >= 0xc0 && m <= 0xcf && m !== 0xc4 && m !== 0xc8 && m !== 0xcc;
  const frame = all.find((segment) => isFrame(segment.marker));
  const scan = all.find((segment) => segment.marker === 0xda);
  if (frame === undefined || frame.end - frame.start < 10) return null;
  const at = frame.start;
  const components = bytes[at + 9]!;
  if (frame.end - at < 10 + 3 * components) return null;
  let h = 1;
  let v = 1;
  for (let c = 0; c < components; c++) {
    const sampling = bytes[at + 11 + 3 * c]!;
    h = Math.max(h, sampling >> 4);
    v = Math.max(v, sampling & 15);
  }
  const restart = all.find((segment) => segment.marker === 0xdd);
  return {
    bits: bytes[at + 4]!,
    height: (bytes[at + 5]! << 8) | bytes[at + 6]!,
    width: (bytes[at + 7]! << 8) | bytes[at + 8]!,
    components,
    frameAt: at,
    scanAt: scan?.start ?? bytes.length,
    dataAt: scan?.end ?? bytes.length,
    process: bytes[at + 1]! - 0xc0,
    // A single component is coded in single blocks, whatever its sampling factors are.
    mcuWidth: components === 1 ? 8 : 8 * h,
    mcuHeight: components === 1 ? 8 : 8 * v,
    restartInterval: restart === undefined ? 0 : (bytes[restart.start + 4]! << 8) | bytes[restart.start + 5]!,
  };
}

/** Scans of a stream: one in a sequential JPEG, about ten in a progressive one. */
export function jpegScans(bytes: Uint8Array): number {
  let scans = 0;
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === 0xda) scans++;
  }
  return scans;
}

/**
 * Joins a stream and its tables (TIFF's JPEGTables; null without) into a complete file, and drops application segments and
 * comments. Of three components, the colours are settled by `jpegColours` and marked; others keep their own marks. Bytes
 * that are not a JPEG are returned unchanged, for the decoder to reject.
 * @param container the colours by the container, which count only where the stream does not say.
 */
export function completeJpeg(
  stream: Uint8Array<ArrayBuffer>,
  tables: Uint8Array | null,
  container: Colours,
): Uint8Array<ArrayBuffer> {
  if (stream[0] !== 0xff || stream[1] !== 0xd8) return stream;
  const own = jpegSegments(stream);
  const shared = tables !== null && tables[0] === 0xff && tables[1] === 0xd8 ? jpegSegments(tables) : [];
  const marks = marksOf(stream, own) ?? (tables === null ? null : marksOf(tables, shared));
  const frame = jpegFrame(stream);
  const colours =
    frame?.components === 3 ? jpegColours(componentMarks(stream, frame, marks), container) : null;
  const parts: Uint8Array[] = [stream.subarray(0, 2)];
  if (colours !== null) parts.push(Uint8Array.from(adobe(colours === 'rgb' ? 0 : 1)));
  for (const { marker, start, end } of shared) {
    if (isTable(marker)) parts.push(tables!.subarray(start, end));
  }
  let rest = 2;
  for (const { marker, start, end } of own) {
    const kept = colours === null && (marker === app0 || marker === app14);
    const application = (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;
    if (!application || kept) parts.push(stream.subarray(start, end));
    rest = end;
  }
  parts.push(stream.subarray(rest));
  return join(parts);
}

const app0 = 0xe0;
const app14 = 0xee;

/** The segments that state colours; null where there is none. */
function marksOf(
  bytes: Uint8Array,
  all: readonly Segment[],
): Pick<JpegMarks, 'adobeTransform' | 'jfif'> | null {
  const named = (marker: number, name: string): Segment | undefined =>
    all.find(
      ({ marker: own, start, end }) =>
        own === marker &&
        start + 4 + name.length <= end &&
        [...name].every((letter, i) => bytes[start + 4 + i] === letter.charCodeAt(0)),
    );
  const adobeSegment = named(app14, 'Adobe');
  const complete = adobeSegment !== undefined && adobeSegment.end - adobeSegment.start >= 16;
  const jfif = named(app0, 'JFIF') !== undefined;
  if (!complete && !jfif) return null;
  return { adobeTransform: complete ? bytes[adobeSegment.start + 15]! : null, jfif };
}

function componentMarks(
  bytes: Uint8Array,
  { frameAt }: JpegFrame,
  marks: Pick<JpegMarks, 'adobeTransform' | 'jfif'> | null,
): JpegMarks {
  const at = (component: number): number => frameAt + 10 + 3 * component;
  const sampling = [0, 1, 2].map((component) => bytes[at(component) + 1]!);
  const coarser = (value: number): boolean =>
    value >> 4 < sampling[0]! >> 4 || (value & 15) < (sampling[0]! & 15);
  return {
    adobeTransform: marks?.adobeTransform ?? null,
    jfif: marks?.jfif ?? false,
    subsampled: sampling.some(coarser),
    ids: [0, 1, 2].map((component) => bytes[at(component)]!),
  };
}

/** DQT, DHT, DAC, DRI. */
const isTable = (marker: number): boolean =>
  marker === 0xdb || marker === 0xc4 || marker === 0xcc || marker === 0xdd;

/** Joins pieces into one array. */
export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

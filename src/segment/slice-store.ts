/**
 * Keeping what the network has given for a slice, so that it is never computed twice. What is kept are slices,
 * not stitched cells: a run over another area, or the rest of an interrupted one, blends them again with
 * neighbours that were not there before.
 */
import { strFromU8, strToU8, deflateSync, inflateSync } from 'fflate';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';
import { sha256 } from '../runtime/sha256.ts';
import type { SlicePlan } from './grid.ts';

/** Finished slices of one slide, model and grid, by place in the lattice. */
export interface SliceStore {
  has(column: number, row: number): boolean;
  /** What was kept; null where it turns out damaged, or can't be read any more. */
  get(column: number, row: number): Promise<SliceMaps | null>;
  /**
   * Keeps a slice; resolves when it is kept. Takes its copy before it returns: the maps may be handed on at
   * once. Does not reject: a store that can't keep any more says so by itself.
   */
  put(column: number, row: number, maps: SliceMaps): Promise<void>;
}

/**
 * Tells runs apart that have no slices in common: by the slide's content, the model's, and the grid.
 * @param fingerprint `SlideMetadata.fingerprint`.
 * @returns 64 hex digits.
 */
export function storeKey(
  fingerprint: string,
  graph: Pick<ModelManifest['graph'], 'sha256' | 'weightsSha256'>,
  plan: SlicePlan,
): Promise<string> {
  const { slideWidth, slideHeight, cellWidth, cellHeight, sizePx, marginPx, contextSizePx } = plan;
  const grid = [slideWidth, slideHeight, cellWidth, cellHeight, sizePx, marginPx, contextSizePx ?? 0];
  const text = [fingerprint, graph.sha256, graph.weightsSha256, ...grid].join('/');
  return sha256([new TextEncoder().encode(text)]);
}

/** The number counts what the bytes have meant: slices of an earlier meaning are computed anew. */
const magic = 'DSL2';
/** Bytes before the compressed part: magic, size, classes with log-probabilities, checksum. */
const headerBytes = 16;

/**
 * A slice's maps as bytes. Log-probabilities are kept where neighbours are blended, in the band along the
 * border, and nowhere else.
 * @param marginPx of the plan.
 */
export function encodeSlice(maps: SliceMaps, marginPx: number): Uint8Array<ArrayBuffer> {
  const { size, classes, confidence, logProbabilities } = maps;
  const pixels = size * size;
  const depth = logProbabilities === undefined ? 0 : logProbabilities.length / pixels;
  const raw = new Uint8Array(pixels * (2 + depth));
  raw.set(classes);
  raw.set(confidence, pixels);
  if (logProbabilities !== undefined) {
    raw.set(logProbabilities, 2 * pixels);
    const inner = size - 4 * marginPx;
    for (let y = 2 * marginPx; y < size - 2 * marginPx; y++) {
      const from = 2 * pixels + (y * size + 2 * marginPx) * depth;
      raw.fill(0, from, from + inner * depth);
    }
  }
  const packed = deflateSync(raw, { level: 1 });
  const bytes = new Uint8Array(headerBytes + packed.length);
  bytes.set(strToU8(magic));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, size);
  view.setUint32(8, depth);
  view.setUint32(12, checksum(packed));
  bytes.set(packed, headerBytes);
  return bytes;
}

/** The maps in what `encodeSlice` gave; null when the bytes are damaged. */
export function decodeSlice(bytes: Uint8Array): SliceMaps | null {
  if (bytes.length < headerBytes || strFromU8(bytes.subarray(0, 4)) !== magic) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(4);
  const depth = view.getUint32(8);
  const packed = bytes.subarray(headerBytes);
  if (view.getUint32(12) !== checksum(packed)) return null;
  const pixels = size * size;
  let raw: Uint8Array;
  try {
    raw = inflateSync(packed);
  } catch {
    return null;
  }
  if (raw.length !== pixels * (2 + depth)) return null;
  const classes = raw.slice(0, pixels);
  const confidence = raw.slice(pixels, 2 * pixels);
  return depth === 0
    ? { size, classes, confidence }
    : { size, classes, confidence, logProbabilities: raw.slice(2 * pixels) };
}

/** FNV-1a, 32 bits: tells torn writes from whole ones. */
export function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash >>> 0;
}

/** RLE Lossless (PS3.5, annex G): PackBits in up to 15 segments, one for each byte of each sample. */
import type { Samples } from '../sample-codec/samples.ts';

interface RleLayout {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Bits of a stored value. */
  readonly bits: number;
  readonly bytesPerSample: 1 | 2;
}

const headerBytes = 64;

/** @throws Error when the frame is damaged, or has not the segments that its image needs. */
export function decodeRle(bytes: Uint8Array, layout: RleLayout): Samples {
  const { width, height, components, bits, bytesPerSample } = layout;
  if (bytes.length < headerBytes) throw new Error('It has no header.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segments = view.getUint32(0, true);
  if (segments !== components * bytesPerSample) {
    throw new Error(`It has ${segments} segments instead of ${components * bytesPerSample}.`);
  }
  const pixels = width * height;
  const data =
    bytesPerSample === 1 ? new Uint8Array(pixels * components) : new Uint16Array(pixels * components);
  const plane = bytesPerSample === 1 ? null : new Uint8Array(pixels);
  for (let segment = 0; segment < segments; segment++) {
    const from = view.getUint32(4 + 4 * segment, true);
    const to = segment + 1 < segments ? view.getUint32(8 + 4 * segment, true) : bytes.length;
    if (from < headerBytes || to < from || to > bytes.length) throw new Error('Its header is damaged.');
    const component = Math.floor(segment / bytesPerSample);
    const target = data.subarray(component * pixels, (component + 1) * pixels);
    if (plane === null) unpackBits(bytes.subarray(from, to), target);
    else {
      unpackBits(bytes.subarray(from, to), plane);
      // The most significant byte comes first.
      const factor = segment % 2 === 0 ? 256 : 1;
      for (let i = 0; i < pixels; i++) target[i] = target[i]! + plane[i]! * factor;
    }
  }
  return { width, height, components, bits, planar: components > 1, data };
}

/** @throws Error when the segment gives fewer bytes than the target has. */
function unpackBits(bytes: Uint8Array, target: Uint8Array | Uint16Array): void {
  let filled = 0;
  for (let at = 0; filled < target.length;) {
    const code = bytes[at++];
    if (code === undefined) throw new Error('It has too little data.');
    if (code < 128) {
      const count = Math.min(code + 1, target.length - filled);
      if (at + count > bytes.length) throw new Error('It has too little data.');
      target.set(bytes.subarray(at, at + count), filled);
      filled += count;
      at += code + 1;
    } else if (code > 128) {
      const count = Math.min(257 - code, target.length - filled);
      const value = bytes[at++];
      if (value === undefined) throw new Error('It has too little data.');
      target.fill(value, filled, filled + count);
      filled += count;
    }
  }
}

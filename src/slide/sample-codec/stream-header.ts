/** What the headers of JPEG-LS and JPEG 2000 streams claim, read before a decoder gets them. */
import type { PackagedFormat } from './samples.ts';

export interface StreamHeader {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bits: number;
  readonly signed: boolean;
  readonly subsampled: boolean;
}

/** @returns null when the bytes are no stream of this format. */
export function streamHeader(bytes: Uint8Array, format: PackagedFormat): StreamHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return format === 'jpeg-ls' ? jpegLsHeader(view) : jpeg2000Header(view);
  } catch {
    // The bytes end within it.
    return null;
  }
}

/** The frame header of JPEG-LS (ITU-T T.87, C.2.2), marker SOF55. */
function jpegLsHeader(view: DataView): StreamHeader | null {
  if (view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker >>> 8 !== 0xff || marker === 0xffda || view.getUint16(at + 2) < 2) return null;
    if (marker !== 0xfff7) continue;
    const components = view.getUint8(at + 9);
    let subsampled = false;
    for (let c = 0; c < components; c++) if (view.getUint8(at + 11 + 3 * c) !== 0x11) subsampled = true;
    return {
      bits: view.getUint8(at + 4),
      height: view.getUint16(at + 5),
      width: view.getUint16(at + 7),
      components,
      signed: false,
      subsampled,
    };
  }
}

/**
 * Whether a JPEG-LS stream ends with its marker (ITU-T T.87, C.2.1), which DICOM may pad. Without it CharLS searches the
 * whole of its memory, for many seconds.
 */
export function hasEndMarker(bytes: Uint8Array): boolean {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end >= 4 && bytes[end - 2] === 0xff && bytes[end - 1] === 0xd9;
}

/** The SIZ segment (ITU-T T.800, A.5.1), at the start of a codestream or after the boxes of a JP2 or JPH file. */
function jpeg2000Header(view: DataView): StreamHeader | null {
  const at = codestreamStart(view);
  if (at === null) return null;
  const components = view.getUint16(at + 40);
  const first = view.getUint8(at + 42);
  let subsampled = false;
  let alike = true;
  for (let c = 0; c < Math.min(components, 8); c++) {
    const place = at + 42 + 3 * c;
    if (view.getUint8(place) !== first) alike = false;
    if (view.getUint8(place + 1) !== 1 || view.getUint8(place + 2) !== 1) subsampled = true;
  }
  return {
    width: view.getUint32(at + 8) - view.getUint32(at + 16),
    height: view.getUint32(at + 12) - view.getUint32(at + 20),
    components,
    // Components that differ in depth: none that the caller allows.
    bits: alike ? (first & 0x7f) + 1 : 0,
    signed: (first & 0x80) !== 0,
    subsampled,
  };
}

/** Boxes before a codestream take some hundred bytes. */
const maxBoxBytes = 4096;

function codestreamStart(view: DataView): number | null {
  const last = Math.min(view.byteLength - 48, maxBoxBytes);
  for (let at = 0; at <= last; at++) if (view.getUint32(at) === 0xff4fff51) return at;
  return null;
}

/**
 * Whether all tile-parts that the codestream announces are in the bytes (ITU-T T.800, A.4.2): OpenJPH decodes what there is of
 * a cut one without a word.
 */
export function isWholeCodestream(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = codestreamStart(view);
  if (start === null) return false;
  try {
    let at = start + 2;
    for (;;) {
      const marker = view.getUint16(at);
      if (marker === 0xffd9) return true;
      if (marker !== 0xff90) at += 2 + view.getUint16(at + 2);
      else {
        const length = view.getUint32(at + 6);
        // Zero: until the end of the codestream.
        if (length === 0) return true;
        if (length < 14) return false;
        at += length;
        // Encoders may leave out the last marker.
        if (at === view.byteLength) return true;
      }
    }
  } catch {
    return false;
  }
}

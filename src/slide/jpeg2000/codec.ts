/**
 * Decodes JPEG 2000 tiles (ITU-T T.800) with OpenJPEG in wasm. Browsers do not support JPEG 2000: it is the
 * only image format for which the app ships a decoder.
 */
import { maxTilePixels } from '../limits.ts';
import type { RgbaImage } from '../slide.ts';
import {
  jpeg2000Colours,
  type Colours,
  type Jpeg2000Container,
  type Jpeg2000Marks,
} from '../stream-colours.ts';

/** The part of @cornerstonejs/codec-openjpeg that we use. The package has no types. */
interface OpenJpeg {
  readonly J2KDecoder: new () => J2kDecoder;
}

interface J2kDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getFrameInfo(): FrameInfo;
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

interface FrameInfo {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: number;
}

export type OpenJpegFactory = (options: {
  wasmBinary: ArrayBuffer | Uint8Array;
  print: (text: string) => void;
  printErr: (text: string) => void;
}) => Promise<OpenJpeg>;

/** A decoder, which loads its wasm with the first image. */
export class Jpeg2000Codec {
  readonly #load: () => Promise<OpenJpeg>;
  #loaded: Promise<OpenJpeg> | null = null;
  /** The first complaint about the image that is being decoded. */
  #complaint: string | null = null;

  /** @param load provides the module's factory and its wasm; called for the first image */
  constructor(load: () => Promise<{ factory: OpenJpegFactory; wasm: ArrayBuffer | Uint8Array }>) {
    this.#load = async () => {
      const { factory, wasm } = await load();
      const log = (line: string): void => this.#note(line);
      return factory({ wasmBinary: wasm, print: log, printErr: log });
    };
  }

  /** OpenJPEG decodes what it can of a damaged codestream and only logs what is wrong with it. */
  #note(line: string): void {
    if (/^\[(?:ERROR|WARNING)\]/.test(line)) this.#complaint ??= line;
  }

  /**
   * @param container the colours by the container, which count only where the codestream does not say.
   * @throws Error when the codestream is damaged, too large, or not of 8 bits with 1 to 4 components.
   */
  async decode(bytes: Uint8Array, container: Jpeg2000Container): Promise<RgbaImage> {
    const header = jpeg2000Header(bytes);
    if (header === null) throw new Error('This is not a JPEG 2000 codestream.');
    const { width, height, components, bits } = header;
    if (!(width > 0 && height > 0)) throw new Error('The codestream is damaged.');
    if (width * height > maxTilePixels)
      throw new Error(`The image is too large: ${width} × ${height} pixels.`);
    if (bits !== 8 || components < 1 || components > 4) {
      throw new Error(`${components} components of ${bits} bits are not supported.`);
    }
    this.#loaded ??= this.#load();
    const { J2KDecoder } = await this.#loaded;
    const decoder = new J2KDecoder();
    try {
      decoder.getEncodedBuffer(bytes.length).set(bytes);
      this.#complaint = null;
      decoder.decode();
      // Assigned by the log.
      const complaint = this.#complaint as string | null;
      if (complaint !== null) throw new Error(`The codestream is damaged: ${complaint.slice(0, 200)}`);
      const info = decoder.getFrameInfo();
      const samples = decoder.getDecodedBuffer();
      const pixels = info.width * info.height;
      if (info.width !== width || info.height !== height || samples.length < pixels * info.componentCount) {
        throw new Error('The codestream is damaged.');
      }
      return toRgba(samples, info, jpeg2000Colours(header, container));
    } catch (error) {
      // After a trap, the state of the wasm memory is unknown: load the module again.
      if (!(error instanceof Error) || error instanceof WebAssembly.RuntimeError) this.#loaded = null;
      throw error instanceof Error ? error : new Error('The decoder failed.');
    } finally {
      if (this.#loaded !== null) decoder.delete();
    }
  }
}

export interface Jpeg2000Header extends Jpeg2000Marks {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bits: number;
}

/** Reads a codestream's SIZ and COD segments; null without a SIZ. */
export function jpeg2000Header(bytes: Uint8Array): Jpeg2000Header | null {
  // SOC and SIZ are at the start of a codestream, and after some boxes in a JP2 file.
  const last = Math.min(bytes.length - 48, 4096);
  for (let at = 0; at <= last; at++) {
    if (bytes[at] !== 0xff || bytes[at + 1] !== 0x4f || bytes[at + 2] !== 0xff || bytes[at + 3] !== 0x51)
      continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    const components = view.getUint16(40);
    return {
      width: view.getUint32(8) - view.getUint32(16),
      height: view.getUint32(12) - view.getUint32(20),
      components,
      bits: (view.getUint8(42) & 0x7f) + 1,
      transform: components >= 3 && usesComponentTransform(bytes, at + 4 + view.getUint16(4)),
      named: isNamedSpace(bytes.subarray(0, at)),
      subsampled:
        components >= 3 && (view.getUint8(46) > view.getUint8(43) || view.getUint8(47) > view.getUint8(44)),
    };
  }
  return null;
}

/** Whether the main header's COD segment says so (ITU-T T.800, A.6.1). @param at offset of the segment after SIZ. */
function usesComponentTransform(bytes: Uint8Array, at: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let next = at; next + 9 <= bytes.length && bytes[next] === 0xff;) {
    const marker = bytes[next + 1]!;
    // Start of the first tile: the header has ended.
    if (marker === 0x90) return false;
    if (marker === 0x52) return bytes[next + 8] === 1;
    next += 2 + view.getUint16(next + 2);
  }
  return false;
}

/** Whether the boxes before a codestream enumerate its colour space (ITU-T T.800, I.5.3.3). */
function isNamedSpace(boxes: Uint8Array): boolean {
  for (let at = 4; at + 5 <= boxes.length; at++) {
    if (boxes[at] === 0x63 && boxes[at + 1] === 0x6f && boxes[at + 2] === 0x6c && boxes[at + 3] === 0x72) {
      return boxes[at + 4] === 1;
    }
  }
  return false;
}

function toRgba(samples: Uint8Array, info: FrameInfo, colours: Colours): RgbaImage {
  const { width, height, componentCount } = info;
  const data = new Uint8ClampedArray(width * height * 4);
  for (let o = 0, s = 0; o < data.length; o += 4, s += componentCount) {
    const first = samples[s]!;
    data[o] = first;
    data[o + 1] = componentCount < 3 ? first : samples[s + 1]!;
    data[o + 2] = componentCount < 3 ? first : samples[s + 2]!;
    data[o + 3] = 255;
  }
  if (colours === 'ycbcr' && componentCount >= 3) ycbcrToRgb(data);
  return { width, height, data };
}

/** ITU-R BT.601, full range (JFIF), in place. */
export function ycbcrToRgb(data: Uint8ClampedArray): void {
  for (let o = 0; o < data.length; o += 4) {
    const y = data[o]!;
    const cb = data[o + 1]! - 128;
    const cr = data[o + 2]! - 128;
    data[o] = y + 1.402 * cr;
    data[o + 1] = y - 0.344136 * cb - 0.714136 * cr;
    data[o + 2] = y + 1.772 * cb;
  }
}

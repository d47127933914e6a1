/**
 * Decodes JPEG-LS (ITU-T T.87) with CharLS, high-throughput JPEG 2000 (T.814) with OpenJPH and JPEG 2000 of more than 8 bits
 * (T.800) with OpenJPEG and JPEG XR (T.832) with jxrlib, all in wasm. DICOM and CZI have them; browsers do not.
 */
import { maxTilePixels } from '../limits.ts';
import { decodeJpegXr } from '../jpeg-xr/codec.ts';
import type { PackagedFormat, SampleFormat, Samples } from './samples.ts';
import { hasEndMarker, isWholeCodestream, streamHeader, type StreamHeader } from './stream-header.ts';

/** What the three packages have in common. They have no types. */
interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getFrameInfo(): FrameInfo;
  getDecodedBuffer(): Uint8Array;
  /** JPEG-LS: 0 for planes, 1 for lines, 2 for pixels. */
  getInterleaveMode?(): number;
  delete(): void;
}

interface FrameInfo {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: number;
  readonly isUsingColorTransform?: boolean;
}

interface WasmModule {
  readonly JpegLSDecoder?: new () => WasmDecoder;
  readonly HTJ2KDecoder?: new () => WasmDecoder;
  readonly J2KDecoder?: new () => WasmDecoder;
}

export type WasmFactory = (options: {
  readonly wasmBinary: ArrayBuffer | Uint8Array;
  readonly print: (text: string) => void;
  readonly printErr: (text: string) => void;
}) => Promise<WasmModule>;

const constructors = {
  'jpeg-ls': 'JpegLSDecoder',
  htj2k: 'HTJ2KDecoder',
  jpeg2000: 'J2KDecoder',
} as const;

export interface LoadedWasm {
  readonly factory: WasmFactory;
  readonly wasm: ArrayBuffer | Uint8Array;
}

/** A decoder that loads the wasm of a format with its first image. */
export class SampleCodec {
  readonly #load: (format: PackagedFormat) => Promise<LoadedWasm>;
  readonly #loaded = new Map<PackagedFormat, Promise<WasmModule>>();
  /** The first complaint about the image that is being decoded. */
  #complaint: string | null = null;

  constructor(load: (format: PackagedFormat) => Promise<LoadedWasm>) {
    this.#load = load;
  }

  /** See `SampleDecoder`. */
  async decode(bytes: Uint8Array, format: SampleFormat): Promise<Samples> {
    if (format === 'jpeg-xr') return decodeJpegXr(bytes);
    const header = checked(streamHeader(bytes, format));
    const isWhole =
      format === 'htj2k' ? isWholeCodestream(bytes) : format === 'jpeg-ls' ? hasEndMarker(bytes) : true;
    if (!isWhole) throw new Error('The stream ends too early.');
    const Decoder = (await this.#module(format))[constructors[format]];
    if (Decoder === undefined) throw new Error('The decoder is not in its package.');
    const decoder = new Decoder();
    let isUsable = true;
    try {
      decoder.getEncodedBuffer(bytes.length).set(bytes);
      this.#complaint = null;
      decoder.decode();
      // Assigned by the log.
      const complaint = this.#complaint as string | null;
      if (complaint !== null) throw new Error(`The stream is damaged: ${complaint.slice(0, 200)}`);
      return samplesOf(decoder, header, format);
    } catch (error) {
      // After a trap or a C++ exception, a number here, the state of the wasm memory is unknown: load the module again.
      isUsable = error instanceof Error && !(error instanceof WebAssembly.RuntimeError);
      if (!isUsable) this.#loaded.delete(format);
      throw error instanceof Error ? error : new Error('The stream is damaged.');
    } finally {
      if (isUsable) decoder.delete();
    }
  }

  #module(format: PackagedFormat): Promise<WasmModule> {
    let loading = this.#loaded.get(format);
    if (loading === undefined) {
      const log = (line: string): void => {
        if (/error|warn/i.test(line)) this.#complaint ??= line;
      };
      loading = this.#load(format).then(({ factory, wasm }) =>
        factory({ wasmBinary: wasm, print: log, printErr: log }),
      );
      loading.catch(() => this.#loaded.delete(format));
      this.#loaded.set(format, loading);
    }
    return loading;
  }
}

function checked(header: StreamHeader | null): StreamHeader {
  if (header === null || !(header.width > 0 && header.height > 0))
    throw new Error('The stream has no header.');
  const { width, height, components, bits, signed, subsampled } = header;
  if (width * height > maxTilePixels) throw new Error(`The image is too large: ${width} × ${height} pixels.`);
  if (components < 1 || components > 4 || bits < 2 || bits > 16 || signed || subsampled) {
    throw new Error(
      `${components} ${signed ? 'signed ' : ''}${subsampled ? 'subsampled ' : ''}components of ${bits} bits are not supported.`,
    );
  }
  return header;
}

function samplesOf(decoder: WasmDecoder, header: StreamHeader, format: PackagedFormat): Samples {
  const info = decoder.getFrameInfo();
  const { width, height, components, bits } = header;
  const decoded = decoder.getDecodedBuffer();
  const count = width * height * components;
  const size = bits > 8 ? 2 : 1;
  if (
    info.width !== width ||
    info.height !== height ||
    info.componentCount !== components ||
    decoded.length < count * size
  ) {
    throw new Error('The stream is damaged.');
  }
  // A copy: what was decoded lies in the memory of the wasm module.
  const bytes = decoded.slice(0, count * size);
  const data = size === 1 ? bytes : new Uint16Array(bytes.buffer, 0, count);
  if (format === 'htj2k' && components > 1 && info.isUsingColorTransform !== true) {
    return { width, height, components, bits, planar: true, data: linesInOrder(data, width, components) };
  }
  const planar = components > 1 && format === 'jpeg-ls' && decoder.getInterleaveMode?.() === 0;
  return { width, height, components, bits, planar, data };
}

/**
 * Without a component transform, the package has OpenJPH return all lines of the first component, then of the next, but
 * writes them as if those of a row came together.
 */
function linesInOrder<T extends Samples['data']>(data: T, width: number, components: number): T {
  const planes = data.slice() as T;
  const lines = data.length / width;
  for (let line = 0; line < lines; line++) {
    const from = Math.floor(line / components) * components * width + (line % components);
    for (let x = 0; x < width; x++) planes[line * width + x] = data[from + x * components]!;
  }
  return planes;
}

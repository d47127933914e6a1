/**
 * Decodes JPEG XR files (ITU-T T.832) with jxrlib in wasm, which wasm/build.sh compiles. No browser and no package of the
 * registry decodes JPEG XR; Zeiss slides have it.
 */
import { gunzipSync } from 'fflate';
import { maxTilePixels } from '../limits.ts';
import type { Samples } from '../sample-codec/samples.ts';

/** What the module exports: see wasm/decode.c. */
interface JpegXrModule {
  readonly memory: WebAssembly.Memory;
  readonly _initialize: () => void;
  readonly allocate: (length: number) => number;
  readonly decode: (at: number, length: number, maxPixels: number) => number;
}

let compiled: Promise<WebAssembly.Module> | null = null;

/**
 * @param bytes a file with its container, or the codestream alone.
 * @throws Error when it is damaged, too large, or neither grey nor RGB of 8 or 16 bits.
 */
export async function decodeJpegXr(bytes: Uint8Array): Promise<Samples> {
  const stream = codestream(bytes);
  if (stream === null) throw new Error('This is not a JPEG XR image.');
  compiled ??= compile().catch((error: unknown) => {
    compiled = null;
    throw error;
  });
  // A fresh memory for every image: what a damaged one does ends with it.
  const { exports } = await WebAssembly.instantiate(await compiled, imports);
  const { memory, _initialize, allocate, decode } = exports as unknown as JpegXrModule;
  _initialize();
  const at = allocate(stream.length);
  if (at === 0) throw new Error('The image is too large.');
  new Uint8Array(memory.buffer).set(stream, at);
  const image = decode(at, stream.length, maxTilePixels);
  if (image === 0) throw new Error('The JPEG XR codestream is damaged, or of a kind that is not supported.');
  const [width, height, components, bits, from] = new Uint32Array(memory.buffer, image, 5) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  const data = memory.buffer.slice(from, from + (width * height * components * bits) / 8);
  return {
    width,
    height,
    components,
    bits,
    planar: false,
    data: bits === 8 ? new Uint8Array(data) : new Uint16Array(data),
  };
}

/** Compiled on first use: most slides have no JPEG XR. */
async function compile(): Promise<WebAssembly.Module> {
  const { jxrModule } = await import('./wasm/jxr-module.ts');
  const packed = Uint8Array.from(atob(jxrModule), (letter) => letter.charCodeAt(0));
  return WebAssembly.compile(gunzipSync(packed));
}

/** The C library's output; the decoder never writes. `EBADF`. */
const refused = (): number => 8;
const imports = {
  wasi_snapshot_preview1: { fd_close: refused, fd_fdstat_get: refused, fd_seek: refused, fd_write: refused },
};

const mark = [...'WMPHOTO\0'].map((letter) => letter.charCodeAt(0));
const isMark = (bytes: Uint8Array, at: number): boolean => mark.every((value, i) => bytes[at + i] === value);

/** Tags of the container (annex A): where the image begins and its length. */
const imageOffset = 0xbcc0;
const imageByteCount = 0xbcc1;

/** The codestream in a file, which is built like a TIFF of one directory; null without one. */
export function codestream(bytes: Uint8Array): Uint8Array | null {
  if (isMark(bytes, 0)) return bytes;
  if (bytes.length < 8 || bytes[0] !== 0x49 || bytes[1] !== 0x49 || bytes[2] !== 0xbc) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const directory = view.getUint32(4, true);
  if (directory + 2 > bytes.length) return null;
  const count = view.getUint16(directory, true);
  let at = 0;
  let length = 0;
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + i * 12;
    if (entry + 12 > bytes.length) return null;
    const tag = view.getUint16(entry, true);
    if (tag === imageOffset) at = view.getUint32(entry + 8, true);
    else if (tag === imageByteCount) length = view.getUint32(entry + 8, true);
  }
  if (at === 0 || at >= bytes.length || !isMark(bytes, at)) return null;
  if (at + length > bytes.length) return null;
  return bytes.subarray(at, length === 0 ? bytes.length : at + length);
}

/** Identifies a slide, and the state of its content, without reading all of it. */
import type { ByteSource } from './slide.ts';

/** Bytes hashed at each end of a file. */
const endBytes = 64 * 1024;

/** Slides up to this size are hashed whole, bytes. */
const wholeBytes = 16 * 1024 * 1024;
/** Blocks that are hashed of larger ones, over all files together, and their size, bytes. */
const sampleCount = 64;
const sampleBytes = 16 * 1024;

/** SHA-256 over size, head and tail of each source, in the given order; hex. */
export async function fingerprint(sources: readonly ByteSource[]): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const source of sources) parts.push(...(await ends(source)));
  return digest(parts);
}

/**
 * What results of a slide depend on: SHA-256 over size, head and tail of each source, and what tells a change in between. That
 * is the server's word where there is one (`ByteSource.version`), else the content itself: all of small slides, and of larger
 * ones blocks at random but fixed places, one in each of equal parts. Hex.
 */
export async function contentRevision(sources: readonly ByteSource[]): Promise<string> {
  const total = sources.reduce((sum, { size }) => sum + size, 0);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const source of sources) {
    parts.push(...(await ends(source)));
    const { version, size } = source;
    if (version != null) parts.push(new TextEncoder().encode(JSON.stringify(version)));
    else if (total <= wholeBytes) parts.push(await source.read(0, size));
    else parts.push(...(await samples(source, Math.ceil((sampleCount * size) / total))));
  }
  return digest(parts);
}

async function ends(source: ByteSource): Promise<Uint8Array<ArrayBuffer>[]> {
  const size = new DataView(new ArrayBuffer(8));
  size.setBigUint64(0, BigInt(source.size), true);
  return [
    new Uint8Array(size.buffer),
    await source.read(0, endBytes),
    await source.read(Math.max(0, source.size - endBytes), endBytes),
  ];
}

/** Blocks at places that depend on the size alone, each in its part of the file. */
function samples(source: ByteSource, count: number): Promise<Uint8Array<ArrayBuffer>[]> {
  const part = source.size / count;
  const places = Array.from({ length: count }, (_value, i) => {
    const share = (Math.imul(i + 1, 2654435761) >>> 0) / 2 ** 32;
    return Math.floor(i * part + share * Math.max(0, part - sampleBytes));
  });
  return Promise.all(places.map((at) => source.read(at, sampleBytes)));
}

async function digest(parts: Uint8Array<ArrayBuffer>[]): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer());
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** SHA-256 of a text; hex. For slides that are described by a server instead of by a file. */
export function textRevision(text: string): Promise<string> {
  return digest([new TextEncoder().encode(text)]);
}

/** Identifies a slide's content without reading all of it. */
import type { ByteSource } from './slide.ts';

/** Bytes hashed at each end of a file. */
const endBytes = 64 * 1024;

/** SHA-256 over size, head and tail of each source, in the given order; hex. */
export async function fingerprint(sources: readonly ByteSource[]): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const source of sources) {
    const size = new DataView(new ArrayBuffer(8));
    size.setBigUint64(0, BigInt(source.size), true);
    parts.push(new Uint8Array(size.buffer));
    parts.push(await source.read(0, endBytes));
    parts.push(await source.read(Math.max(0, source.size - endBytes), endBytes));
  }
  const digest = await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

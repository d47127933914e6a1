/** zlib and gzip within a limit. */
import type { Gunzip, Unzlib } from 'fflate';
import { tooLong } from '../tiff/codecs.ts';

/** Bytes unpacked at once: to a thousand times as many at most. */
const pieceBytes = 16 * 1024;

/** @throws Error when the stream is damaged, or longer than `limit`. */
export function inflated(stream: Gunzip | Unzlib, bytes: Uint8Array, limit: number): Uint8Array {
  const output = new Uint8Array(limit);
  let filled = 0;
  stream.ondata = (piece) => {
    if (filled + piece.length > limit) throw tooLong();
    output.set(piece, filled);
    filled += piece.length;
  };
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    stream.push(bytes.subarray(at, at + pieceBytes), at + pieceBytes >= bytes.length);
  }
  return output.slice(0, filled);
}

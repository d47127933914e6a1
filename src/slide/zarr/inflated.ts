/** zlib and gzip within a limit. */
import { Gunzip, Unzlib } from 'fflate';
import { crc32 } from '../../base/crc32.ts';
import { tooLong } from '../tiff/codecs.ts';

/** Bytes unpacked at once: to a thousand times as many at most. */
const pieceBytes = 16 * 1024;

/** The values of a gzip stream (RFC 1952). @throws Error as `inflated`, and for a wrong checksum. */
export function ungzipped(bytes: Uint8Array, limit: number): Uint8Array {
  const stream = new Gunzip();
  let members = 0;
  stream.onmember = () => members++;
  const values = inflated(stream, bytes, limit);
  // That of several members in a row, which no writer of chunks makes, is of the last one only.
  if (members <= 1) {
    check(crc32(values), uint32(bytes, bytes.length - 8, true));
    check(values.length, uint32(bytes, bytes.length - 4, true));
  }
  return values;
}

/** The values of a zlib stream (RFC 1950). @throws Error as `inflated`, and for a wrong checksum. */
export function unzlibbed(bytes: Uint8Array, limit: number): Uint8Array {
  const values = inflated(new Unzlib(), bytes, limit);
  check(adler32(values), uint32(bytes, bytes.length - 4, false));
  return values;
}

function uint32(bytes: Uint8Array, at: number, little: boolean): number {
  if (at < 0) throw new Error('The stream ends early.');
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, little);
}

function check(found: number, stated: number): void {
  if (found !== stated) throw new Error('The checksum or length is wrong.');
}

/** RFC 1950, section 8.2. */
function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (let from = 0; from < bytes.length; from += 3800) {
    // So few that the sums stay below 2^32.
    for (const byte of bytes.subarray(from, from + 3800)) b += a += byte;
    a %= 65_521;
    b %= 65_521;
  }
  return ((b << 16) | a) >>> 0;
}

/** @throws Error when the stream is damaged, or longer than `limit`. */
function inflated(stream: Gunzip | Unzlib, bytes: Uint8Array, limit: number): Uint8Array {
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

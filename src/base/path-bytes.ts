/**
 * Paths as text, whatever their bytes. Names on Linux are bytes, and not all of them are UTF-8. Such a byte becomes the code
 * unit U+DC00 + byte, as in Python (PEP 383): text stays text, JSON keeps it, and the bytes can be had back. Pure.
 */

/** A code unit that stands for a byte: half of a pair, so that it occurs in no text. */
const escapedByte = /[\udc80-\udcff]/;
/** UTF-8 of one code point, by the Unicode standard's table 3-7; matched against bytes read as Latin-1. */
const utf8Sequence =
  /[\x00-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}/y;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a path, or of a list of paths. */
export function textOfPath(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return withEscapes(bytes);
  }
}

function withEscapes(bytes: Uint8Array): string {
  const latin1 = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  let text = '';
  for (let at = 0; at < bytes.length;) {
    utf8Sequence.lastIndex = at;
    const length = utf8Sequence.exec(latin1)?.[0].length ?? 0;
    text +=
      length === 0
        ? String.fromCharCode(0xdc00 + (bytes[at] ?? 0))
        : decoder.decode(bytes.subarray(at, at + length));
    at += Math.max(1, length);
  }
  return text;
}

/** The bytes of a path that `textOfPath` gave, or of any text in UTF-8. */
export function bytesOfPath(path: string): Uint8Array {
  if (isUtf8Path(path)) return new TextEncoder().encode(path);
  // Code points, so that the second half of a pair is not taken for a byte.
  const parts = Array.from(path, (letter) =>
    escapedByte.test(letter) && letter.length === 1
      ? Uint8Array.of(letter.charCodeAt(0) - 0xdc00)
      : new TextEncoder().encode(letter),
  );
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Whether a path's bytes are UTF-8. */
export function isUtf8Path(path: string): boolean {
  return (
    !escapedByte.test(path) ||
    !Array.from(path).some((letter) => letter.length === 1 && escapedByte.test(letter))
  );
}

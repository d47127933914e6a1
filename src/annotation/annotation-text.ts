/** The text of an annotation file: unpacked where it is gzip, in whatever encoding its program wrote. */
import { AnnotationError } from './annotation-file.ts';

/** Longest text in bytes, unpacked. The largest exports of cells have some hundred megabytes. */
export const maxTextBytes = 400 * 1024 * 1024;

/** Whether bytes are gzip (RFC 1952). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks gzip, as in `.geojson.gz`.
 * @param name the file's, for messages.
 * @throws AnnotationError when it is damaged, or unpacks to more than `limit` bytes.
 */
export async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  limit = maxTextBytes,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new AnnotationError(name, 'Its gzip compression is damaged.', 'Copy or export it again.', {
        cause,
      });
    });
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw tooLong(name, limit);
    }
    parts.push(value);
  }
}

/** @throws AnnotationError for bytes that are too many to be parsed. */
export function checkLength(bytes: Uint8Array, name: string): void {
  if (bytes.length > maxTextBytes) throw tooLong(name, maxTextBytes);
}

function tooLong(name: string, limit: number): AnnotationError {
  return new AnnotationError(
    name,
    `It has more than ${Math.floor(limit / 1024 / 1024)} MB of text.`,
    'Split it, or leave out objects that are not needed.',
  );
}

/**
 * Decodes UTF-8 and UTF-16 with or without a byte order mark, and what an XML declaration names. What is not valid UTF-8 is
 * taken for Windows-1252, in which older programs write.
 */
export function decodeText(bytes: Uint8Array): string {
  const encoding = utf16(bytes) ?? declared(bytes);
  if (encoding !== null) return decoded(bytes, encoding) ?? new TextDecoder('windows-1252').decode(bytes);
  return decoded(bytes, 'utf-8') ?? new TextDecoder('windows-1252').decode(bytes);
}

/** UTF-16 by its mark, or by the zeros that it has in the first character: XML and JSON begin with ASCII. */
function utf16([first, second]: Uint8Array): string | null {
  if ((first === 0xff && second === 0xfe) || (second === 0 && first !== 0)) return 'utf-16le';
  return (first === 0xfe && second === 0xff) || (first === 0 && second !== 0) ? 'utf-16be' : null;
}

/** The encoding that an XML declaration names, other than UTF-16, in which the declaration itself could not be read. */
function declared(bytes: Uint8Array): string | null {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  const name = /^(?:ï»¿)?\s*<\?xml[^>]*\bencoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(head)?.[1];
  return name === undefined || /^utf-?(?:8|16)/i.test(name) ? null : name;
}

/** The text without its mark; null where the bytes are not of this encoding, or there is no such encoding. */
function decoded(bytes: Uint8Array, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The words of this call, also those that are not UTF-8. */
import { readFileSync } from 'node:fs';
import { isUtf8Path, textOfPath } from '../base/path-bytes.ts';
import { wrongOptions } from './command.ts';

/**
 * The words after the program's name. Node reads them as UTF-8 and replaces other bytes by U+FFFD; Linux still has the bytes,
 * which `textOfPath` keeps. Elsewhere names are Unicode.
 */
export function callWords(): string[] {
  const words = process.argv.slice(2);
  if (words.length === 0 || !words.some((word) => word.includes('\ufffd'))) return words;
  let bytes: Buffer;
  try {
    bytes = readFileSync('/proc/self/cmdline');
  } catch {
    return words;
  }
  return wordsWithBytes(words, bytes);
}

/**
 * @param words as Node read them
 * @param bytes all words of the process, each ended by NUL; the last ones are `words`
 */
export function wordsWithBytes(words: readonly string[], bytes: Uint8Array): string[] {
  const all: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0, at);
    all.push(bytes.subarray(at, end === -1 ? bytes.length : end));
    at = (end === -1 ? bytes.length : end) + 1;
  }
  const own = all.slice(-words.length);
  const lossy = new TextDecoder('utf-8', { ignoreBOM: true });
  return words.map((word, i) => {
    const raw = own[i];
    return raw !== undefined && lossy.decode(raw) === word ? textOfPath(raw) : word;
  });
}

/**
 * Only slides, which are read and never written, may have names that are not UTF-8.
 * @throws CommandError that names the option
 */
export function checkOptions(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    const texts: unknown[] = Array.isArray(value) ? value : [value];
    const bad = texts.filter((text) => typeof text === 'string').find((text) => !isUtf8Path(text));
    if (bad === undefined) continue;
    const option = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw wrongOptions(
      `--${option} ${bad}: The name is not UTF-8. Rename the file or folder, or give another; only slides may have such names.`,
    );
  }
}

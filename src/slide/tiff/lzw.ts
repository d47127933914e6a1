/** LZW as in TIFF: codes of 9 to 12 bits, most significant bit first, the width changes one code early. */

const clearCode = 256;
const endCode = 257;
const maxCodes = 4096;

/**
 * Decodes at most `length` bytes; fewer where the stream ends or is damaged. The table stores for each code
 * its last byte, its prefix's code and its length.
 */
export function decodeLzw(input: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const output = new Uint8Array(length);
  const prefix = new Uint16Array(maxCodes);
  const suffix = new Uint8Array(maxCodes);
  const sizes = new Uint16Array(maxCodes);
  const firsts = new Uint8Array(maxCodes);
  for (let code = 0; code < 256; code++) {
    suffix[code] = code;
    firsts[code] = code;
    sizes[code] = 1;
  }
  let next = 258;
  let width = 9;
  let previous = -1;
  let bits = 0;
  let held = 0;
  let at = 0;
  let filled = 0;
  while (filled < length) {
    while (held < width && at < input.length) {
      bits = ((bits << 8) | input[at++]!) & 0xffffff;
      held += 8;
    }
    if (held < width) break;
    const code = (bits >>> (held - width)) & ((1 << width) - 1);
    held -= width;
    if (code === endCode) break;
    if (code === clearCode) {
      next = 258;
      width = 9;
      previous = -1;
      continue;
    }
    if (previous < 0) {
      if (code > 255) break;
      output[filled++] = code;
      previous = code;
      continue;
    }
    if (code > next) break;
    // A code that is not in the table yet is the previous string followed by its own first byte.
    const fresh = code === next;
    const string = fresh ? previous : code;
    const size = sizes[string]!;
    let walk = string;
    for (let i = filled + size - 1; i >= filled; i--) {
      if (i < length) output[i] = suffix[walk]!;
      walk = prefix[walk]!;
    }
    filled += size;
    if (fresh && filled < length) output[filled] = firsts[previous]!;
    if (fresh) filled++;
    if (next < maxCodes) {
      prefix[next] = previous;
      suffix[next] = firsts[string]!;
      firsts[next] = firsts[previous]!;
      sizes[next] = sizes[previous]! + 1;
      next++;
      if (next + 1 >= 1 << width && width < 12) width++;
    }
    previous = code;
  }
  return filled >= length ? output : output.slice(0, filled);
}

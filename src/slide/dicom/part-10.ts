/**
 * Makes every DICOM file one that the parser reads (PS3.10, explicit or implicit VR little endian): adds the preamble that
 * some programs leave out, and inflates deflated data sets.
 */
import { Inflate } from 'fflate';
import { bareStart, elementHead, hasPreamble, type BareStart } from '../../base/dicom-start.ts';
import { memoryByteSource } from '../byte-source.ts';
import { maxInflatedBytes } from '../limits.ts';
import { SlideError, type ByteSource } from '../slide.ts';
import { deflatedLittle, explicitLittle, implicitLittle } from './transfer-syntax.ts';

const preambleBytes = 132;
/** Longest header: a few hundred bytes and private information. */
const maxHeaderBytes = 64 * 1024;
const undefinedLength = 0xffff_ffff;

export interface Part10Source {
  readonly source: ByteSource;
  /** Whether the file is deflated; `source` says explicit VR then. */
  readonly deflated: boolean;
  /** Whether the transfer syntax is a guess, as the file has no header. */
  readonly guessed: boolean;
}

/** @throws SlideError `unsupported` (inflated too large), `corrupt`. */
export async function part10Source(source: ByteSource): Promise<Part10Source> {
  const head = await source.read(0, Math.min(source.size, maxHeaderBytes));
  const bare = hasPreamble(head) ? null : bareStart(head);
  const from = bare === null ? preambleBytes : 0;
  const header = bare === null || bare === 'header' ? headerOf(head, from) : null;
  if (header?.syntax === deflatedLittle) {
    const inflated = await inflate(source, header.end);
    return { source: prefixed(preamble(explicitLittle), inflated), deflated: true, guessed: false };
  }
  if (bare === null) return { source, deflated: false, guessed: false };
  return { source: prefixed(startOf(bare), source), deflated: false, guessed: bare !== 'header' };
}

/** Transfer syntax and end of the header, group 2, which is always in explicit VR. */
function headerOf(head: Uint8Array, from: number): { readonly syntax: string; readonly end: number } {
  let syntax = '';
  let at = from;
  for (;;) {
    const element = elementHead(head, at, true);
    if (element?.group !== 2 || element.length === undefinedLength) break;
    at = element.at + element.length;
    if (element.element === 0x10) {
      syntax = new TextDecoder('latin1').decode(head.subarray(element.at, at)).replace(/[\0 ]+$/, '');
    }
  }
  return { syntax, end: at };
}

const startOf = (bare: BareStart): Uint8Array =>
  bare === 'header' ? preamble(null) : preamble(bare === 'explicit' ? explicitLittle : implicitLittle);

/** Preamble, mark, and a header with a transfer syntax if there is one to give. */
function preamble(syntax: string | null): Uint8Array {
  const value = syntax === null ? '' : syntax.padEnd(Math.ceil(syntax.length / 2) * 2, '\0');
  const bytes = new Uint8Array(preambleBytes + (syntax === null ? 0 : 8 + value.length));
  bytes.set([0x44, 0x49, 0x43, 0x4d], 128);
  if (syntax !== null) {
    bytes.set([2, 0, 0x10, 0, 0x55, 0x49, value.length, 0], preambleBytes);
    bytes.set(new TextEncoder().encode(value), preambleBytes + 8);
  }
  return bytes;
}

/** A source with bytes before its own. */
function prefixed(prefix: Uint8Array, source: ByteSource): ByteSource {
  const start = prefix.length;
  return {
    name: source.name,
    size: start + source.size,
    async read(offset, length, signal) {
      const rest = Math.max(0, offset + length - Math.max(offset, start));
      const own = prefix.subarray(Math.min(offset, start), Math.min(offset + length, start));
      const more = await source.read(Math.max(0, offset - start), rest, signal);
      const bytes = new Uint8Array(own.length + more.length);
      bytes.set(own);
      bytes.set(more, own.length);
      return bytes;
    },
  };
}

/** Bytes that are inflated at once: to a thousand times as many at most. */
const pieceBytes = 8 * 1024;

/** The rest of a file, inflated (PS3.5, A.5): it is held in memory while the slide is open. */
async function inflate(source: ByteSource, from: number): Promise<ByteSource> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  let ended = false;
  const inflater = new Inflate((piece, final) => {
    total += piece.length;
    ended = final;
    if (total <= maxInflatedBytes) parts.push(piece.slice());
  });
  for (let at = from; at < source.size && !ended && total <= maxInflatedBytes; at += pieceBytes) {
    const piece = await source.read(at, pieceBytes);
    try {
      inflater.push(piece, at + pieceBytes >= source.size);
    } catch (cause) {
      throw new SlideError(
        'corrupt',
        source.name,
        'Its deflated data set is damaged.',
        'Copy or export the file again.',
        { cause },
      );
    }
  }
  if (total > maxInflatedBytes) {
    throw new SlideError(
      'unsupported',
      source.name,
      `Its transfer syntax ${deflatedLittle} (deflated) needs more than ${Math.round(maxInflatedBytes / 2 ** 20)} MB of memory.`,
      'Convert it to explicit VR little endian, for example with dcmconv +te.',
    );
  }
  return memoryByteSource(new Uint8Array(await new Blob(parts).arrayBuffer()), source.name);
}

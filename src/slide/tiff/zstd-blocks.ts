/**
 * How much a compressed Zstandard block unpacks to (RFC 8878, section 3.1.1.3), found by decoding its sequences without
 * executing them. fzstd executes whatever a block says: twenty damaged bytes can keep it busy for hours.
 */

/** A table of finite state entropy (section 4.1): per state its symbol, the bits to read, and the base of the next. */
interface Table {
  readonly accuracy: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** Most bytes that a block unpacks to. */
const maxBlockBytes = 128 * 1024;

const literalExtra = [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const matchExtra = [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

/** Codes below `plain` stand for themselves plus `least`; the others for ranges with extra bits, one after another. */
function ranges(
  plain: number,
  least: number,
  extra: readonly number[],
): readonly [bases: number[], bits: number[]] {
  const bases = Array.from({ length: plain }, (_, code) => code + least);
  const bits = bases.map(() => 0);
  let base = plain + least;
  for (const count of extra) {
    bases.push(base);
    bits.push(count);
    base += 2 ** count;
  }
  return [bases, bits];
}

/** Section 3.1.1.3.2.1.1. */
const [literalBases, literalBits] = ranges(16, 0, literalExtra);
// 64 follows 48 with four bits, and so on: the ranges are contiguous.
const [matchBases, matchBits] = ranges(32, 3, matchExtra);
/** Offset codes are numbers of bits. */
const maxOffsetCode = 31;

interface Kind {
  readonly maxAccuracy: number;
  readonly codes: number;
  readonly standard: Table;
}

/** Literal lengths, offsets, match lengths, in the order of the stream, with their default distributions. */
const kinds: readonly Kind[] = [
  {
    maxAccuracy: 9,
    codes: literalBases.length,
    standard: tableOf(
      [
        4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1,
        -1, -1, -1,
      ],
      6,
    ),
  },
  {
    maxAccuracy: 8,
    codes: maxOffsetCode + 1,
    standard: tableOf(
      [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
      5,
    ),
  },
  {
    maxAccuracy: 9,
    codes: matchBases.length,
    standard: tableOf(
      [
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
      ],
      6,
    ),
  },
];

const damaged = (): Error => new Error('A block is damaged.');

/** The blocks of one frame, which may repeat the tables of the block before. */
export class CompressedBlocks {
  readonly #tables: (Table | undefined)[] = [];

  /**
   * Bytes that the block with this data unpacks to.
   * @throws Error when it is damaged or longer than a block may be.
   */
  length(data: Uint8Array): number {
    const byte = (at: number): number => data[at] ?? fail();
    const first = byte(0);
    const kind = first & 3;
    const format = (first >> 2) & 3;
    let literals: number;
    let at: number;
    if (kind < 2) {
      at = format === 1 ? 2 : format === 3 ? 3 : 1;
      literals = at === 1 ? first >> 3 : (first >> 4) | (byte(1) << 4) | (at === 3 ? byte(2) << 12 : 0);
      at += kind === 0 ? literals : 1;
    } else {
      const head = format < 2 ? 3 : format + 2;
      const sideBits = [10, 10, 14, 18][format]!;
      let bits = 0;
      for (let i = head - 1; i >= 0; i--) bits = bits * 256 + byte(i);
      bits = Math.floor(bits / 16);
      literals = bits % 2 ** sideBits;
      at = head + (Math.floor(bits / 2 ** sideBits) % 2 ** sideBits);
    }
    let count = byte(at++);
    if (count > 127) {
      count = count === 255 ? byte(at++) + (byte(at++) << 8) + 0x7f00 : ((count - 128) << 8) + byte(at++);
    }
    const matched = count === 0 ? 0 : this.#matched(data, at, count, literals);
    if (literals + matched > maxBlockBytes) throw damaged();
    return literals + matched;
  }

  /** Bytes that the sequences copy. */
  #matched(data: Uint8Array, modesAt: number, count: number, literals: number): number {
    const modes = data[modesAt] ?? fail();
    if ((modes & 3) !== 0) throw damaged();
    let at = modesAt + 1;
    const tables = kinds.map(({ maxAccuracy, codes, standard }, i) => {
      const mode = (modes >> (6 - 2 * i)) & 3;
      let table = this.#tables[i];
      if (mode === 0) table = standard;
      else if (mode === 1) {
        const code = data[at++] ?? fail();
        table = {
          accuracy: 0,
          symbols: Uint8Array.of(code),
          bits: new Uint8Array(1),
          bases: new Uint16Array(1),
        };
      } else if (mode === 2) [table, at] = readTable(data, at, maxAccuracy);
      if (table === undefined || table.symbols.some((code) => code >= codes)) throw damaged();
      this.#tables[i] = table;
      return table;
    });
    const [literalTable, offsetTable, matchTable] = tables as [Table, Table, Table];
    const bits = new BackwardBits(data, at);
    let literalState = bits.read(literalTable.accuracy);
    let offsetState = bits.read(offsetTable.accuracy);
    let matchState = bits.read(matchTable.accuracy);
    let copied = 0;
    let used = 0;
    for (let i = 0; i < count; i++) {
      const literalCode = literalTable.symbols[literalState]!;
      const matchCode = matchTable.symbols[matchState]!;
      bits.skip(offsetTable.symbols[offsetState]!);
      copied += matchBases[matchCode]! + bits.read(matchBits[matchCode]!);
      used += literalBases[literalCode]! + bits.read(literalBits[literalCode]!);
      if (used > literals || copied > maxBlockBytes) throw damaged();
      if (i === count - 1) break;
      literalState = literalTable.bases[literalState]! + bits.read(literalTable.bits[literalState]!);
      matchState = matchTable.bases[matchState]! + bits.read(matchTable.bits[matchState]!);
      offsetState = offsetTable.bases[offsetState]! + bits.read(offsetTable.bits[offsetState]!);
    }
    if (bits.left !== 0) throw damaged();
    return copied;
  }
}

function fail(): never {
  throw new Error('It ends early.');
}

/** Bits from the end of the data to `start`; the highest bit that is set in the last byte is not one of them. */
class BackwardBits {
  left: number;
  readonly #data: Uint8Array;
  readonly #start: number;

  constructor(data: Uint8Array, start: number) {
    const last = data[data.length - 1] ?? 0;
    if (data.length <= start || last === 0) throw damaged();
    this.#data = data;
    this.#start = start;
    this.left = (data.length - start) * 8 - 8 + (31 - Math.clz32(last));
  }

  skip(count: number): void {
    this.left -= count;
    if (this.left < 0) throw damaged();
  }

  /** @param count up to 16. */
  read(count: number): number {
    this.skip(count);
    const at = this.#start + (this.left >> 3);
    const data = this.#data;
    const word = data[at]! | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16);
    return (word >> (this.left & 7)) & ((1 << count) - 1);
  }
}

/** Reads a distribution (section 4.1.1). @returns its table and the offset after it. */
function readTable(data: Uint8Array, start: number, maxAccuracy: number): [Table, number] {
  let position = start * 8;
  const peek = (): number => {
    const at = position >> 3;
    const word = (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16);
    return word >> (position & 7);
  };
  const accuracy = (peek() & 15) + 5;
  if (accuracy > maxAccuracy) throw damaged();
  position += 4;
  const counts: number[] = [];
  let remaining = (1 << accuracy) + 1;
  let threshold = 1 << accuracy;
  let width = accuracy + 1;
  while (remaining > 1) {
    if (counts.length > 255 || position >> 3 >= data.length) throw damaged();
    const most = 2 * threshold - 1 - remaining;
    let count = peek() & (threshold - 1);
    if (count < most) position += width - 1;
    else {
      count = peek() & (2 * threshold - 1);
      if (count >= threshold) count -= most;
      position += width;
    }
    count--;
    remaining -= Math.abs(count);
    counts.push(count);
    while (remaining < threshold && threshold > 1) {
      width--;
      threshold >>= 1;
    }
    if (count !== 0) continue;
    for (let repeat = 3; repeat === 3;) {
      repeat = peek() & 3;
      position += 2;
      for (let i = 0; i < repeat; i++) counts.push(0);
      if (counts.length > 255) throw damaged();
    }
  }
  if (remaining !== 1) throw damaged();
  return [tableOf(counts, accuracy), (position + 7) >> 3];
}

/** @param counts states per symbol; -1 for less than one. */
function tableOf(counts: readonly number[], accuracy: number): Table {
  const size = 1 << accuracy;
  const symbols = new Uint8Array(size);
  const next = counts.map((count) => Math.abs(count));
  let high = size;
  for (const [symbol, count] of counts.entries()) if (count === -1) symbols[--high] = symbol;
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  for (const [symbol, count] of counts.entries()) {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at >= high && high > 0);
    }
  }
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state]!;
    const number = next[symbol]!++;
    bits[state] = accuracy - (31 - Math.clz32(number));
    bases[state] = (number << bits[state]!) - size;
  }
  return { accuracy, symbols, bits, bases };
}

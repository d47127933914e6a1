/** Just enough of Protocol Buffers' wire format to write a message: fields, nested messages, packed numbers. */

/**
 * A message under construction: pieces in order, joined once at the end, so that large tensors are not
 * copied.
 */
export class Message {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Wire type 0: integers, enums and booleans. Negative numbers take ten bytes, as in int64. */
  int(field: number, value: number): this {
    return this.#push(varint(field << 3), varint(value));
  }

  /** Wire type 5: a 32-bit float. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#push(varint((field << 3) | 5), bytes);
  }

  /** Wire type 2: bytes, which are not copied until `finish`. */
  bytes(field: number, value: Uint8Array): this {
    return this.#push(varint((field << 3) | 2), varint(value.length), value);
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** Repeated integers, packed. */
  ints(field: number, values: readonly number[]): this {
    const packed = new Message();
    for (const value of values) packed.#push(varint(value));
    return this.message(field, packed);
  }

  message(field: number, value: Message): this {
    return this.#push(varint((field << 3) | 2), varint(value.#length), ...value.#parts);
  }

  finish(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }

  #push(...parts: Uint8Array[]): this {
    for (const part of parts) {
      this.#parts.push(part);
      this.#length += part.length;
    }
    return this;
  }
}

/** Seven bits per byte, least significant first; the high bit says that more follow. */
function varint(value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}

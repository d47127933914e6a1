/** Builds small DICOM files (PS3.10, explicit VR little endian), valid or broken, for tests. */

/** An element as data: text, numbers by its VR, bytes, or the items of a sequence. */
export interface BuiltElement {
  readonly group: number;
  readonly element: number;
  readonly vr: string;
  readonly value: string | readonly number[] | Uint8Array | readonly BuiltElement[][];
  /** Claims this length instead of the value's. */
  readonly length?: number;
}

const longVrs = ['OB', 'OW', 'OV', 'SQ', 'UN', 'UT'];
const undefinedLength = 0xffff_ffff;

class Writer {
  #bytes = new Uint8Array(1024);
  length = 0;

  put(bytes: ArrayLike<number>): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  u16(value: number): this {
    return this.put([value & 255, (value >> 8) & 255]);
  }

  u32(value: number): this {
    return this.put([value & 255, (value >>> 8) & 255, (value >>> 16) & 255, (value >>> 24) & 255]);
  }

  /** A copy of what was written. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}

function valueBytes({ vr, value }: BuiltElement): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    if (bytes.length % 2 === 0) return bytes;
    return Uint8Array.of(...bytes, vr === 'UI' ? 0 : 32);
  }
  const writer = new Writer();
  for (const one of value) {
    if (typeof one !== 'number') {
      writer.u16(0xfffe).u16(0xe000);
      const item = new Writer();
      for (const element of one) writeElement(item, element);
      writer.u32(item.length).put(item.bytes());
    } else if (vr === 'US') writer.u16(one);
    else if (vr === 'FL') writer.put(new Uint8Array(Float32Array.of(one).buffer));
    else writer.u32(one);
  }
  return writer.bytes();
}

function writeElement(writer: Writer, element: BuiltElement): void {
  const bytes = valueBytes(element);
  const length = element.length ?? bytes.length;
  writer.u16(element.group).u16(element.element);
  writer.put(new TextEncoder().encode(element.vr.padEnd(2).slice(0, 2)));
  if (longVrs.includes(element.vr)) writer.u16(0).u32(length);
  else writer.u16(length);
  writer.put(bytes);
}

/** The file: preamble, transfer syntax, elements in the given order. */
export function buildDicom(
  elements: readonly BuiltElement[],
  syntax = '1.2.840.10008.1.2.1',
): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.put(new Uint8Array(128)).put(new TextEncoder().encode('DICM'));
  writeElement(writer, { group: 2, element: 0x10, vr: 'UI', value: syntax });
  for (const element of elements) writeElement(writer, element);
  return writer.bytes();
}

/** Encapsulated pixel data: an offset table, then an item per frame. */
export function encapsulated(table: readonly number[], frames: readonly Uint8Array[]): BuiltElement {
  const writer = new Writer();
  writer
    .u16(0xfffe)
    .u16(0xe000)
    .u32(table.length * 4);
  writer.put(new Uint8Array(Uint32Array.from(table).buffer));
  for (const frame of frames) writer.u16(0xfffe).u16(0xe000).u32(frame.length).put(frame);
  writer.u16(0xfffe).u16(0xe0dd).u32(0);
  return { group: 0x7fe0, element: 0x10, vr: 'OB', value: writer.bytes(), length: undefinedLength };
}

/** Elements of a whole-slide image of uncompressed RGB frames of 16 × 16 in a grid, one grey value per frame. */
export function wsiElements(columns: number, rows: number): BuiltElement[] {
  const frames = columns * rows;
  const pixels = new Uint8Array(frames * 768);
  for (let i = 0; i < frames; i++) pixels.fill(20 + i, i * 768, (i + 1) * 768);
  return [
    { group: 8, element: 8, vr: 'CS', value: 'ORIGINAL\\PRIMARY\\VOLUME\\NONE' },
    { group: 8, element: 0x16, vr: 'UI', value: '1.2.840.10008.5.1.4.1.1.77.1.6' },
    { group: 8, element: 0x18, vr: 'UI', value: '1.2.3.4' },
    { group: 0x20, element: 0xe, vr: 'UI', value: '1.2.3' },
    { group: 0x20, element: 0x9311, vr: 'CS', value: 'TILED_FULL' },
    { group: 0x28, element: 2, vr: 'US', value: [3] },
    { group: 0x28, element: 4, vr: 'CS', value: 'RGB' },
    { group: 0x28, element: 6, vr: 'US', value: [0] },
    { group: 0x28, element: 8, vr: 'IS', value: String(frames) },
    { group: 0x28, element: 0x10, vr: 'US', value: [16] },
    { group: 0x28, element: 0x11, vr: 'US', value: [16] },
    { group: 0x28, element: 0x100, vr: 'US', value: [8] },
    { group: 0x48, element: 1, vr: 'FL', value: [1] },
    { group: 0x48, element: 2, vr: 'FL', value: [1] },
    { group: 0x48, element: 6, vr: 'UL', value: [columns * 16] },
    { group: 0x48, element: 7, vr: 'UL', value: [rows * 16] },
    {
      group: 0x48,
      element: 0x105,
      vr: 'SQ',
      value: [[{ group: 0x48, element: 0x112, vr: 'DS', value: '20' }]],
    },
    {
      group: 0x5200,
      element: 0x9229,
      vr: 'SQ',
      value: [
        [
          {
            group: 0x28,
            element: 0x9110,
            vr: 'SQ',
            value: [[{ group: 0x28, element: 0x30, vr: 'DS', value: '0.0005\\0.0005' }]],
          },
        ],
      ],
    },
    { group: 0x7fe0, element: 0x10, vr: 'OW', value: pixels },
  ];
}

/** The elements with one replaced by, or added with, another value; null removes it. */
export function withElement(
  elements: readonly BuiltElement[],
  group: number,
  element: number,
  change: Partial<BuiltElement> | null,
): BuiltElement[] {
  const at = elements.findIndex((one) => one.group === group && one.element === element);
  if (at < 0 && change !== null) {
    const added = { group, element, vr: 'UN', value: '', ...change };
    const next = elements.findIndex(
      (one) => one.group > group || (one.group === group && one.element > element),
    );
    return [...elements.slice(0, next), added, ...elements.slice(next)];
  }
  return elements.flatMap((one, i) => (i !== at ? [one] : change === null ? [] : [{ ...one, ...change }]));
}

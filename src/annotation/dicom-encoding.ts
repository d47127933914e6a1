/** Writes DICOM data sets as files (PS3.10), in explicit VR little endian. What is in them is the caller's. */

/** The value representations that are written here. */
type TextVr = 'CS' | 'DA' | 'DS' | 'IS' | 'LO' | 'PN' | 'SH' | 'TM' | 'UI';
type NumberVr = 'AT' | 'FD' | 'OD' | 'OL' | 'SL' | 'UL' | 'US';

/** An element: its tag, and its value by its representation. Several texts are separated by backslashes. */
export type DicomElement =
  | readonly [tag: number, vr: TextVr, value: string]
  | readonly [tag: number, vr: NumberVr, value: ArrayLike<number>]
  | readonly [tag: number, vr: 'OB', value: Uint8Array<ArrayBuffer>]
  | readonly [tag: number, vr: 'SQ', items: readonly (readonly DicomElement[])[]];

const longVrs: ReadonlySet<string> = new Set(['OB', 'OD', 'OL', 'SQ']);
/** Bytes of a number. */
const sizes: Readonly<Record<NumberVr, number>> = { AT: 4, FD: 8, OD: 8, OL: 4, SL: 4, UL: 4, US: 2 };
const explicitLittleEndian = '1.2.840.10008.1.2.1';
/** Of this writer, from a UUID. */
const implementationUid = '2.25.193812764125671904358130962417358642817';

/**
 * A DICOM file of a data set with SOP Class UID and SOP Instance UID.
 * @param elements in any order.
 */
export function dicomFile(elements: readonly DicomElement[]): Blob {
  const text = (tag: number): string => {
    const found = elements.find((element) => element[0] === tag)?.[2];
    return typeof found === 'string' ? found : '';
  };
  const meta = encoded([
    [0x00020001, 'OB', Uint8Array.of(0, 1)],
    [0x00020002, 'UI', text(0x00080016)],
    [0x00020003, 'UI', text(0x00080018)],
    [0x00020010, 'UI', explicitLittleEndian],
    [0x00020012, 'UI', implementationUid],
  ]);
  const length = encoded([[0x00020000, 'UL', [meta.reduce((sum, part) => sum + part.length, 0)]]]);
  const mark = new Uint8Array(132);
  mark.set([0x44, 0x49, 0x43, 0x4d], 128);
  return new Blob([mark, ...length, ...meta, ...encoded(elements)], { type: 'application/dicom' });
}

/** A new UID from random bits (PS3.5, B.2). */
export function newUid(): string {
  return `2.25.${BigInt(`0x${crypto.randomUUID().replaceAll('-', '')}`)}`;
}

/** A number as text of at most 16 characters, as DS needs. */
export function decimalString(value: number): string {
  for (let digits = 15; digits > 0; digits--) {
    const text = String(Number(value.toPrecision(digits)));
    if (text.length <= 16) return text;
  }
  return '0';
}

/** The elements in order of their tags, as bytes. */
function encoded(elements: readonly DicomElement[]): Uint8Array<ArrayBuffer>[] {
  return [...elements].sort(([a], [b]) => a - b).flatMap(encodedElement);
}

function encodedElement(element: DicomElement): Uint8Array<ArrayBuffer>[] {
  const [tag, vr] = element;
  const value = valueOf(element);
  const length = value.reduce((sum, part) => sum + part.length, 0);
  const isLong = longVrs.has(vr);
  const head = new Uint8Array(isLong ? 12 : 8);
  const view = new DataView(head.buffer);
  view.setUint16(0, tag >>> 16, true);
  view.setUint16(2, tag & 0xffff, true);
  head[4] = vr.charCodeAt(0);
  head[5] = vr.charCodeAt(1);
  if (isLong) view.setUint32(8, length, true);
  else view.setUint16(6, length, true);
  return [head, ...value];
}

/** Of even length. */
function valueOf(element: DicomElement): Uint8Array<ArrayBuffer>[] {
  if (element[1] === 'SQ') {
    return element[2].flatMap((item) => {
      const content = encoded(item);
      const head = new DataView(new ArrayBuffer(8));
      head.setUint32(0, 0xe000fffe, true);
      head.setUint32(
        4,
        content.reduce((sum, part) => sum + part.length, 0),
        true,
      );
      return [new Uint8Array(head.buffer), ...content];
    });
  }
  if (element[1] === 'OB') return padded(element[2], 0);
  const [, vr, value] = element;
  if (typeof value === 'string') return padded(new TextEncoder().encode(value), vr === 'UI' ? 0 : 32);
  return [numbers(vr as NumberVr, value)];
}

function padded(bytes: Uint8Array<ArrayBuffer>, padding: number): Uint8Array<ArrayBuffer>[] {
  return bytes.length % 2 === 0 ? [bytes] : [bytes, Uint8Array.of(padding)];
}

function numbers(vr: NumberVr, values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const size = sizes[vr];
  const view = new DataView(new ArrayBuffer(values.length * size));
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    const at = i * size;
    if (size === 8) view.setFloat64(at, value, true);
    else if (vr === 'US') view.setUint16(at, value, true);
    else if (vr === 'SL') view.setInt32(at, value, true);
    else if (vr === 'AT') {
      view.setUint16(at, value >>> 16, true);
      view.setUint16(at + 2, value & 0xffff, true);
    } else view.setUint32(at, value, true);
  }
  return new Uint8Array(view.buffer);
}

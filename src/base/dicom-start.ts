/** Recognises DICOM files by their first bytes (PS3.10; PS3.5, chapter 7). */

/** Value representations with a length of four bytes (PS3.5, 7.1.2). */
export const longRepresentations: ReadonlySet<string> = new Set([
  ...['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'],
]);

const shortRepresentations: ReadonlySet<string> = new Set([
  ...[
    'AE',
    'AS',
    'AT',
    'CS',
    'DA',
    'DS',
    'DT',
    'FD',
    'FL',
    'IS',
    'LO',
    'LT',
    'PN',
    'SH',
    'SL',
    'SS',
    'ST',
    'TM',
  ],
  ...['UI', 'UL', 'US'],
]);

export interface ElementHead {
  readonly group: number;
  readonly element: number;
  /** Empty in implicit representation. */
  readonly representation: string;
  readonly length: number;
  /** Offset of its value. */
  readonly at: number;
}

/**
 * The head of the element at `at`, little-endian; null where the bytes end within it.
 * @param explicit whether elements name their value representation.
 */
export function elementHead(bytes: Uint8Array, at: number, explicit: boolean): ElementHead | null {
  if (at + 8 > bytes.length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [group, element] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
  if (!explicit) {
    return { group, element, representation: '', length: view.getUint32(at + 4, true), at: at + 8 };
  }
  const representation = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5));
  if (!longRepresentations.has(representation)) {
    return { group, element, representation, length: view.getUint16(at + 6, true), at: at + 8 };
  }
  if (at + 12 > bytes.length) return null;
  return { group, element, representation, length: view.getUint32(at + 8, true), at: at + 12 };
}

/** Bytes that are enough to recognise a file. */
export const dicomStartBytes = 1024;

/** Whether a file begins with DICOM's preamble, or without it with a header or data set. */
export const isDicomStart = (head: Uint8Array): boolean => hasPreamble(head) || bareStart(head) !== null;

export const hasPreamble = (head: Uint8Array): boolean =>
  head[128] === 0x44 && head[129] === 0x49 && head[130] === 0x43 && head[131] === 0x4d;

/** How a file without DICOM's preamble begins: with its header, or with the data set in one of two representations. */
export type BareStart = 'header' | 'explicit' | 'implicit';

/** Elements that must be in order and of plausible lengths. Some head of a kilobyte holds more. */
const leastElements = 4;
/** Longest value among the first elements of an image: a list of types or UIDs. */
const longestValue = 256;

/**
 * Recognises a data set by its first elements: those of group 2 or 8, in order, each with a known representation.
 * @returns null for anything else, and for a file with a preamble.
 */
export function bareStart(head: Uint8Array): BareStart | null {
  if (head[0] === 2 && isOrderly(head, true, 2)) return 'header';
  if (head[0] !== 8) return null;
  if (isOrderly(head, true, 8)) return 'explicit';
  return isOrderly(head, false, 8) ? 'implicit' : null;
}

function isOrderly(head: Uint8Array, explicit: boolean, group: number): boolean {
  let at = 0;
  let previous = -1;
  for (let count = 0; count < leastElements; count++) {
    const element = elementHead(head, at, explicit);
    if (element?.group !== group || element.element <= previous) return false;
    if (
      explicit &&
      !longRepresentations.has(element.representation) &&
      !shortRepresentations.has(element.representation)
    )
      return false;
    if (element.length > longestValue || element.length % 2 !== 0) return false;
    previous = element.element;
    at = element.at + element.length;
  }
  return true;
}

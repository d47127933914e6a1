/** Transfer syntaxes (PS3.6, annex A): how the pixels of an instance are encoded. */

export type PixelCodec =
  'native' | 'rendered' | 'jpeg' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg2000' | 'htj2k' | 'rle';

interface TransferSyntax {
  /** For people. */
  readonly name: string;
  readonly codec: PixelCodec;
}

export const implicitLittle = '1.2.840.10008.1.2';
export const explicitLittle = '1.2.840.10008.1.2.1';
export const deflatedLittle = '1.2.840.10008.1.2.1.99';
export const explicitBig = '1.2.840.10008.1.2.2';

/** Stands for frames that a DICOMweb server decodes and sends as JPEG or PNG. */
export const renderedFrames = 'rendered';

const syntaxes: Readonly<Record<string, TransferSyntax>> = {
  [renderedFrames]: { name: 'decoded by the server', codec: 'rendered' },
  [implicitLittle]: { name: 'uncompressed', codec: 'native' },
  [explicitLittle]: { name: 'uncompressed', codec: 'native' },
  [deflatedLittle]: { name: 'Deflate', codec: 'native' },
  '1.2.840.10008.1.2.4.50': { name: 'JPEG', codec: 'jpeg' },
  '1.2.840.10008.1.2.4.51': { name: 'JPEG', codec: 'jpeg' },
  '1.2.840.10008.1.2.4.57': { name: 'JPEG, lossless', codec: 'jpeg-lossless' },
  '1.2.840.10008.1.2.4.70': { name: 'JPEG, lossless', codec: 'jpeg-lossless' },
  '1.2.840.10008.1.2.4.80': { name: 'JPEG-LS, lossless', codec: 'jpeg-ls' },
  '1.2.840.10008.1.2.4.81': { name: 'JPEG-LS', codec: 'jpeg-ls' },
  '1.2.840.10008.1.2.4.90': { name: 'JPEG 2000, lossless', codec: 'jpeg2000' },
  '1.2.840.10008.1.2.4.91': { name: 'JPEG 2000', codec: 'jpeg2000' },
  '1.2.840.10008.1.2.4.201': { name: 'HTJ2K, lossless', codec: 'htj2k' },
  '1.2.840.10008.1.2.4.202': { name: 'HTJ2K, lossless', codec: 'htj2k' },
  '1.2.840.10008.1.2.4.203': { name: 'HTJ2K', codec: 'htj2k' },
  '1.2.840.10008.1.2.5': { name: 'RLE', codec: 'rle' },
};

/** Names of transfer syntaxes that are not read. */
const unread: Readonly<Record<string, string>> = {
  [explicitBig]: 'big-endian',
  '1.2.840.10008.1.2.4.110': 'JPEG XL',
  '1.2.840.10008.1.2.4.111': 'JPEG XL',
  '1.2.840.10008.1.2.4.112': 'JPEG XL',
};

/** null for one that is not read. */
export const transferSyntax = (uid: string): TransferSyntax | null =>
  Object.hasOwn(syntaxes, uid) ? syntaxes[uid]! : null;

/** A transfer syntax for messages. */
export const syntaxName = (uid: string): string =>
  Object.hasOwn(unread, uid) ? `${uid} (${unread[uid]})` : uid;

/** Decoded values of an image that are not colours yet. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  /** Values per pixel, 1 to 4. */
  readonly components: number;
  /** Bits of a value, 2 to 16: it is below `2 ** bits`. */
  readonly bits: number;
  /** Whether all values of the first component come first; else those of a pixel are together. */
  readonly planar: boolean;
  /** `width × height × components` values, row by row; 16-bit ones where `bits` is more than 8. */
  readonly data: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
}

/** Encodings whose values a decoder in wasm returns. */
export type SampleFormat = PackagedFormat | 'jpeg-xr';

/** Those whose decoder comes from a package; that of JPEG XR is in `../jpeg-xr/wasm`. */
export type PackagedFormat = 'jpeg-ls' | 'htj2k' | 'jpeg2000';

/** @throws Error when the stream is damaged, too large, signed, subsampled, or of more than 16 bits or 4 components. */
export type SampleDecoder = (
  bytes: Uint8Array<ArrayBuffer>,
  format: SampleFormat,
  signal?: AbortSignal,
) => Promise<Samples>;

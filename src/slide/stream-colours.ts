/**
 * Which colours the components of an encoded tile are. Containers (TIFF, DICOM, OME-TIFF) state it, and are often wrong:
 * what the stream itself says counts first. Every format asks here, for page and Node alike.
 */

export type Colours = 'rgb' | 'ycbcr';

/** What a JPEG stream of three components says about its colours. */
export interface JpegMarks {
  /** Transform of Adobe's APP14 segment: 0 for none; null without the segment. */
  readonly adobeTransform: number | null;
  /** Whether it has JFIF's APP0 segment. */
  readonly jfif: boolean;
  /** Whether the second or third component is coarser than the first. */
  readonly subsampled: boolean;
  /** Component identifiers of the frame header. */
  readonly ids: readonly number[];
}

/** The letters R, G and B as component identifiers. */
const rgbIds = [0x52, 0x47, 0x42];

/**
 * Adobe's mark, else JFIF's (which allows only YCbCr), else what the components tell: nobody subsamples green and blue, and
 * libjpeg calls RGB components by their letters. Aperio's RGB tiles have none of these; the container decides.
 */
export function jpegColours(marks: JpegMarks, container: Colours): Colours {
  const { adobeTransform, jfif, subsampled, ids } = marks;
  if (adobeTransform !== null) return adobeTransform === 0 ? 'rgb' : 'ycbcr';
  if (jfif || subsampled) return 'ycbcr';
  if (rgbIds.every((id, i) => ids[i] === id)) return 'rgb';
  return container;
}

/** What a JPEG 2000 codestream of three components or more, and the JP2 file around it, say about its colours. */
export interface Jpeg2000Marks {
  /** Whether the codestream uses the multiple component transform, which its decoder undoes: the result is RGB. */
  readonly transform: boolean;
  /** Whether the second component is coarser than the first. */
  readonly subsampled: boolean;
  /** Whether a JP2 file names the colour space, by which the decoder converts. */
  readonly named: boolean;
}

/** `ycbcr-transformed`: YCbCr that went through the component transform as if it were RGB, as libvips writes it. */
export type Jpeg2000Container = Colours | 'ycbcr-transformed';

/** The colours that OpenJPEG returns: it converts components that are subsampled or of a named YCbCr space itself. */
export function jpeg2000Colours(
  { transform, subsampled, named }: Jpeg2000Marks,
  container: Jpeg2000Container,
): Colours {
  if (subsampled || named) return 'rgb';
  if (container === 'ycbcr-transformed') return 'ycbcr';
  return transform ? 'rgb' : container;
}

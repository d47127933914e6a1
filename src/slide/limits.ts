/**
 * Limits on everything that a slide's file or server can claim, in one place: sizes, counts, depth. They are far above what
 * scanners write. A file beyond a limit is refused with a sentence, before memory is taken for it.
 */
import { SlideError } from './slide.ts';

const mib = 1024 * 1024;

/** Longest side of an image in pixels. JPEG 2000 and BigTIFF allow more; no scanner uses it. */
export const maxSide = 2 ** 24;
/** Most pixels of one tile, and of one JPEG 2000 codestream: 64 MB decoded. */
export const maxTilePixels = 2 ** 24;
/** Most pixels of an associated image, which is decoded as a whole: 128 MB. */
export const maxAssociatedPixels = 2 ** 25;
/** Most tiles or strips of an associated image. */
export const maxAssociatedTiles = 2 ** 16;
/** Most pixels of a plain JPEG, PNG or WebP, and of any image that a native decoder is given: 256 MB decoded. */
export const maxImagePixels = 2 ** 26;
/** Most tiles of one level. */
export const maxTiles = 2 ** 23;
/** Most scans of a progressive JPEG. Each is a pass over the whole image; encoders write about ten. */
export const maxJpegScans = 100;

/** Most segments before the first scan of a JPEG; a profile and previews take some hundred. */
export const maxJpegSegments = 4096;

/** Longest plain image file that is read. */
export const maxImageBytes = 256 * mib;
/** Most encoded bytes of one tile or frame, from a file or a server. */
export const maxTileBytes = 64 * mib;

/** Most memory, in bytes, for the metadata of one opened slide (`ByteBudget`): tags, offsets, XML, JSON, data sets. */
export const maxMetadataBytes = 384 * mib;
/** Most directories of a TIFF file (stacks and time series have one per plane), and entries of a directory. */
export const maxDirectories = 65_536;
export const maxEntries = 4096;
/** Most bytes of one TIFF tag's values: eight million 64-bit tile offsets. */
export const maxTagBytes = 64 * mib;
/** Longest OME-XML; that of a whole plate has some megabytes. */
export const maxXmlBytes = 16 * mib;
/** Longest description of another kind: keys and values, Deep Zoom, IIIF. */
export const maxDescriptionBytes = mib;
/** Most keys of a description; what follows is left out. */
export const maxProperties = 1000;
/** Most channels of an image. More than any instrument has. */
export const maxChannels = 256;
/** Largest ICC profile; those of scanners have at most 2 MB. Every tile that is displayed carries it. */
export const maxProfileBytes = 4 * mib;

/** Most bytes of a DICOM file before its pixels, and of a DICOMweb server's metadata of a series. */
export const maxDicomHeaderBytes = 128 * mib;
export const maxDicomWebBytes = 128 * mib;
/** Most bytes of a deflated DICOM data set, which is inflated as a whole. */
export const maxInflatedBytes = 128 * mib;
/** Most pixels of a DICOM frame. */
export const maxFramePixels = 2 ** 25;
/** Memory per frame of a sparse DICOM instance: its place and number. */
export const sparseBytes = 80;
/** Fragments of one DICOM frame; usually one. */
export const maxFragments = 1024;

/** Bytes of all block caches of a slide's files together. */
export const cacheBytes = 64 * mib;
/** Least bytes of the cache of one file: every file of a set keeps some blocks. */
export const leastCacheBytes = mib / 4;

/** Memory that JSON may take when it is parsed, in bytes, measured: per object or array, per value, per character. */
export function jsonCost(text: string): number {
  let holders = 0;
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x7b || code === 0x5b) holders++;
    else if (code === 0x2c) values++;
  }
  return holders * 72 + values * 24 + text.length * 2;
}

/** The memory that one opened slide may take for its metadata; shared by all of its files. */
export class ByteBudget {
  #left: number;
  readonly #name: string;

  /** @param name the slide's, for the message */
  constructor(name: string, bytes = maxMetadataBytes) {
    this.#name = name;
    this.#left = bytes;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#left;
  }

  /**
   * Takes bytes from the budget; call it before memory is allocated.
   * @param what for which the bytes are, as the end of "too much memory for its …".
   * @throws SlideError `unsupported` when the budget is spent.
   */
  spend(bytes: number, what: string): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    this.#left = 0;
    throw new SlideError(
      'unsupported',
      this.#name,
      `It needs too much memory for its ${what}: a slide may take ${Math.round(maxMetadataBytes / mib)} MB for what describes it.`,
      'Copy the file again; if that does not help, export it again with fewer tiles and less metadata.',
    );
  }
}
/** Decoded values of the channels of one slide that are kept for another channel view. */
export const channelCacheBytes = 48 * mib;

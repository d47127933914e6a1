/**
 * The contract of every slide format, and the only view of a slide that the rest of the project has. The same
 * code runs in the page, in a worker and in Node: byte access and image decoding are injected (`ByteSource`,
 * `ImageDecoder`).
 */

import type { SampleDecoder } from './sample-codec/samples.ts';
import type { ChannelMeasure, ChannelView, SlideChannel } from './channels/channel-view.ts';
import type { Jpeg2000Container } from './stream-colours.ts';

/** A rectangle in level-0 pixels; may be fractional, and partly or wholly outside the slide. */
export interface Level0Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Decoded pixels, 8-bit RGBA, row by row from the top left. `data.length === width * height * 4`. */
export interface RgbaImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** Random access to the bytes of one file, local or remote. */
export interface ByteSource {
  /** File name without directories, for messages. */
  readonly name: string;
  /**
   * Where the file lies within what the user chose, separated by slashes, for example `case1/Slidedat.ini`. The name counts
   * where it is absent.
   */
  readonly path?: string;
  /** Length in bytes. */
  readonly size: number;
  /** What the server says that changes with the content: ETag, or else the date of the last change; null without one. */
  readonly version?: string | null;
  /**
   * Reads `length` bytes from `offset`; fewer only at the end of the file.
   * @throws SlideError `network`, `no-range`; an AbortError when `signal` aborts.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A file by its path relative to this one's folder, where files can be found by name; null where there is none.
   * @throws SlideError `not-found` for a file that is there and can't be read.
   */
  beside?(path: string): Promise<ByteSource | null>;
  /** Releases what the source holds open; a slide closes its sources. */
  close?(): void | Promise<void>;
}

export type EncodedImageType = 'image/jpeg' | 'image/png' | 'image/webp';

/** By how much an image is reduced while it is decoded: a power of two that JPEG's transform allows. */
export type Shrink = 1 | 2 | 4 | 8;

/** Decodes a complete encoded image with the platform's native decoder (createImageBitmap, sharp). */
export interface ImageDecoder {
  /**
   * @param shrink reduces the image to `ceil(side / shrink)`; each pixel is about the mean of `shrink²`. Faster than
   * decoding all of it. For pictures only: networks get whole pixels.
   */
  decode(
    bytes: Uint8Array<ArrayBuffer>,
    type: EncodedImageType,
    signal?: AbortSignal,
    shrink?: Shrink,
  ): Promise<RgbaImage>;
}

/**
 * A tile as the format delivers it. `encoded` is a complete file of its type (JPEGTables spliced in, colour
 * transform marked), which a browser can decode natively into a bitmap. `missing` is a tile that the slide
 * does not contain (sparse, zero length): show background.
 */
export type TilePayload =
  | { readonly kind: 'encoded'; readonly type: EncodedImageType; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly kind: 'pixels';
      readonly image: RgbaImage;
      /** Milliseconds of the call spent on decoding, where the format decodes itself. */
      readonly decodeMs?: number;
    }
  | { readonly kind: 'missing' };

export interface SlideLevel {
  /** Pixels of this level. */
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels per pixel of this level (mean of both axes); 1 for level 0. */
  readonly downsample: number;
  /** In pixels of this level. Tiles at the right and bottom edge may extend beyond the level. */
  readonly tileWidth: number;
  readonly tileHeight: number;
}

/** Micrometres per level-0 pixel, per axis, and the metadata field they come from, or `user`. */
export interface SlideMpp {
  readonly x: number;
  readonly y: number;
  readonly source: string;
}

export interface AssociatedImage {
  /** `label`, `macro`, `thumbnail`, or the format's own word. Labels may identify the patient. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/** An embedded colour profile. */
export interface IccSummary {
  /** Its description tag, for example `sRGB IEC61966-2.1` or `ScanScope v1`. */
  readonly description: string;
  /** Bytes. */
  readonly size: number;
  /** Whether it is effectively sRGB, so that applying it changes nothing noticeable. */
  readonly srgb: boolean;
}

/** What a slide says about itself; structured-cloneable. */
export interface SlideMetadata {
  readonly name: string;
  /** For example `aperio-svs`, `tiff`. */
  readonly format: string;
  /** How level-0 tiles are stored, for example `JPEG 2000`; null when unknown before they are read. */
  readonly compression: string | null;
  /** Level-0 pixels. */
  readonly width: number;
  readonly height: number;
  /** From level 0 (largest) downwards; downsample strictly increasing. */
  readonly levels: readonly SlideLevel[];
  /** null when the file does not give it, or one that can't be (`base/resolution.ts`); never guessed. */
  readonly mpp: SlideMpp | null;
  /** Objective power, for example 20; null when the file does not give it. */
  readonly magnification: number | null;
  readonly associated: readonly AssociatedImage[];
  /** Make and model of the scanner, for example `Hamamatsu C9600-12`; null when the file does not give it. */
  readonly scanner: string | null;
  /** The embedded ICC profile; null without one. Tiles are delivered without applying it. */
  readonly icc: IccSummary | null;
  /** In bytes; the total of all files for a multi-file slide. */
  readonly fileSize: number;
  /**
   * Stable identity of the slide, for what users have made of it: hash of size, head and tail bytes. Hex. It survives copying
   * and serving the file from elsewhere.
   */
  readonly fingerprint: string;
  /** State of the content, for what is computed from it: see `contentRevision`. Hex. */
  readonly revision: string;
  /** The format's own key-value metadata, as text. */
  readonly properties: Readonly<Record<string, string>>;
  /** What the file holds and the picture does not show, for the user: whole sentences. Absent where there is nothing to say. */
  readonly notes?: readonly string[];
  /** Of a slide with separate channels (fluorescence); absent for one of colours. */
  readonly channels?: readonly SlideChannel[];
}

/** What a slide with separate channels can do besides. */
export interface ChannelReading {
  /** Measures the channel at `index`, from 0; once. @throws RangeError when there is none; SlideError. */
  measure(index: number): Promise<ChannelMeasure>;
  /** The same slide as another view shows it. Reads nothing. It is open as long as the original is. */
  shownAs(view: ChannelView): Slide;
}

export interface Slide {
  readonly metadata: SlideMetadata;
  /**
   * The tile at `column`, `row` of `level`.
   * @throws SlideError `broken-tile` when the tile's bytes cannot be read; the slide stays usable.
   * @throws RangeError when the tile does not exist.
   */
  tile(level: number, column: number, row: number, signal?: AbortSignal): Promise<TilePayload>;
  /** The associated image `name`, as one payload. @throws RangeError when absent. */
  associatedImage(name: string, signal?: AbortSignal): Promise<TilePayload>;
  /**
   * All of level 0, reduced from its own pixels, of at most 2^22 pixels: a view of it until its tiles are read. Absent where
   * tiles come as soon.
   */
  preview?(signal?: AbortSignal): Promise<RgbaImage>;
  /** The embedded ICC profile, for callers that apply it; null without one. */
  iccProfile(signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null>;
  close(): void;
  /** Present where `metadata.channels` is. `tile` shows the default view (`defaultChannelView`). */
  readonly channels?: ChannelReading;
}

/**
 * What differs by platform and is injected: `browserPlatform()` in browser-platform.ts, `nodePlatform()` in
 * node-platform.node.ts.
 */
export interface SlidePlatform {
  readonly decoder: ImageDecoder;
  /** Decodes a JPEG 2000 codestream of 8 bits per component. @throws Error when it is damaged. */
  readonly jpeg2000: Jpeg2000Decoder;
  /** Decodes JPEG-LS, HTJ2K, or JPEG 2000 of any depth to values. */
  readonly samples: SampleDecoder;
}

/** `container`: what the file around the codestream says of three components; see `jpeg2000Colours`. Fewer are grey. */
export type Jpeg2000Decoder = (
  bytes: Uint8Array<ArrayBuffer>,
  container: Jpeg2000Container,
  signal?: AbortSignal,
) => Promise<RgbaImage>;

export type SlideErrorCode =
  | 'not-a-slide'
  | 'unsupported'
  | 'truncated'
  | 'corrupt'
  | 'broken-tile'
  | 'not-found'
  /** The server asks for a bearer token, or refuses the one it got. */
  | 'sign-in'
  /** Moved, deleted, replaced or written to since it was opened. */
  | 'changed'
  | 'network'
  | 'no-range';

/** An error that a user can act on: which file, what is wrong, what to do. */
export class SlideError extends Error {
  override readonly name = 'SlideError';
  readonly code: SlideErrorCode;
  readonly file: string;
  /** What is wrong, a sentence without the file's name. */
  readonly problem: string;
  /** What to do about it, a sentence. */
  readonly remedy: string;

  constructor(code: SlideErrorCode, file: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(`${file}: ${problem} ${remedy}`, options);
    this.code = code;
    this.file = file;
    this.problem = problem;
    this.remedy = remedy;
  }
}

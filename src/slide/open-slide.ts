/** Opens a slide of any supported format; the format is recognised by its content, not by its name. */
import { cachedByteSource } from './byte-source.ts';
import { SlideError, type ByteSource, type Slide, type SlidePlatform } from './slide.ts';
import { aperioContents, isAperio } from './tiff/aperio.ts';
import { genericContents } from './tiff/generic-tiff.ts';
import { isNdpi, ndpiContents } from './tiff/ndpi.ts';
import { isOme, omeContents } from './tiff/ome.ts';
import { TiffFile } from './tiff/tiff-file.ts';
import { tiffSlide, type TiffContents } from './tiff/tiff-slide.ts';
import { urlByteSource, type UrlByteSourceOptions } from './url-byte-source.ts';

/**
 * Opens the slide that the sources hold: one file, or a set of files that belong together.
 * @throws SlideError `not-a-slide`, `unsupported`, `truncated`, `corrupt`, and those of the source.
 */
export async function openSlide(sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> {
  const first = sources[0];
  if (first === undefined) {
    throw new SlideError('not-a-slide', 'Nothing', 'No file was given.', 'Choose a slide file.');
  }
  if (first.size === 0) {
    throw new SlideError('not-a-slide', first.name, 'The file is empty.', 'Copy or download it again.');
  }
  const source = cachedByteSource(first);
  const head = await source.read(0, 1024);
  if (TiffFile.recognises(head)) return openTiff(source, platform);
  throw new SlideError(
    'not-a-slide',
    first.name,
    `This is not a slide in a format that can be read (${describe(head)}).`,
    'Open an Aperio SVS or a pyramidal TIFF file.',
  );
}

/** Opens the slide at a URL. @throws SlideError as `openSlide` and `urlByteSource` do. */
export async function openSlideUrl(
  url: string,
  platform: SlidePlatform,
  options: UrlByteSourceOptions = {},
): Promise<Slide> {
  return openSlide([await urlByteSource(url, options)], platform);
}

async function openTiff(source: ByteSource, platform: SlidePlatform): Promise<Slide> {
  const file = await TiffFile.open(source);
  return tiffSlide(file, await tiffContents(file), platform);
}

async function tiffContents(file: TiffFile): Promise<TiffContents> {
  if (isNdpi(file)) return ndpiContents(file);
  if (await isAperio(file)) return aperioContents(file);
  if (await isOme(file)) return omeContents(file);
  return genericContents(file);
}

/** What the first bytes look like, in a word or two. */
function describe(head: Uint8Array): string {
  const text = new TextDecoder('latin1').decode(head.subarray(0, 512));
  if (text.startsWith('PK')) return 'it looks like a ZIP archive';
  if (text.startsWith('%PDF')) return 'it looks like a PDF';
  if (/^\s*<(!doctype|html)/i.test(text)) return 'it looks like a web page';
  if (/^[\t\n\r\x20-\x7e\x80-\xff]*$/.test(text)) return 'it looks like text';
  return 'its first bytes are of no known format';
}

/** Opens a slide of any supported format. The content decides the format, not the file name. */
import { isDicomStart } from '../base/dicom-start.ts';
import { cachedByteSources } from './byte-source.ts';
import { ByteBudget } from './limits.ts';
import { openDicom } from './dicom/open-dicom.ts';
import { isCzi } from './czi/czi-file.ts';
import { openCzi } from './czi/czi-slide.ts';
import { imageType } from './encoded-image.ts';
import { openNdpis } from './hamamatsu/ndpis-slide.ts';
import { openVms } from './hamamatsu/vms-slide.ts';
import { knownFormat } from './known-formats.ts';
import { openMrxs } from './mrxs/mrxs-slide.ts';
import { openVsi } from './olympus/vsi-slide.ts';
import { openPlainImage } from './plain-image.ts';
import { isSlideName, slideSets, type SlideSetKind } from '../base/slide-sets.ts';
import { SlideError, type ByteSource, type Slide, type SlidePlatform } from './slide.ts';
import { aperioContents, isAperio } from './tiff/aperio.ts';
import { genericContents } from './tiff/generic-tiff.ts';
import { isNdpi, ndpiContents } from './tiff/ndpi.ts';
import { imageJContents, isImageJ } from './tiff/imagej.ts';
import { isLeicaScn, leicaScnContents } from './tiff/leica-scn.ts';
import { isOme, omeContents } from './tiff/ome.ts';
import { isPhilips, philipsContents } from './tiff/philips.ts';
import { isQptiff, qptiffContents } from './tiff/qptiff.ts';
import { isTrestle, trestleContents } from './tiff/trestle.ts';
import { refuseUnreadTiff } from './tiff/unread-tiffs.ts';
import { isVentanaBif, ventanaBifContents } from './tiff/ventana-bif.ts';
import { TiffFile } from './tiff/tiff-file.ts';
import { tiffSlide, type TiffContents } from './tiff/tiff-slide.ts';
import { openDeepZoomFiles, openZoomifyFiles } from './web/local-tiles.ts';
import { openZarrFiles } from './zarr/open-zarr.ts';

/**
 * Opens the slide in the sources: one file, or a set of files that belong together. The slide closes its sources; so does
 * this function when it refuses them.
 * @throws SlideError `not-a-slide`, `unsupported`, `truncated`, `corrupt`, and those of the source.
 */
export async function openSlide(sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> {
  try {
    return await openSources(sources, platform);
  } catch (error) {
    await closeAll(sources);
    throw error;
  }
}

/** Closes sources that nobody will read. */
async function closeAll(sources: readonly ByteSource[]): Promise<void> {
  await Promise.allSettled(sources.map(async (source) => source.close?.()));
}

async function openSources(sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> {
  const first = sources[0];
  if (first === undefined) {
    throw new SlideError('not-a-slide', 'Nothing', 'No file was given.', 'Choose a slide file.');
  }
  if (first.size === 0) {
    throw new SlideError('not-a-slide', first.name, 'The file is empty.', 'Copy or download it again.');
  }
  const { sets } = slideSets(sources.map((one) => ({ path: one.path ?? one.name, source: one })));
  const [set] = sets;
  if (set !== undefined && sets.length > 1) throw severalSlides(sets);
  const openSet = set === undefined ? undefined : setReaders[set.kind];
  // Slidedat.ini alone is refused by its name.
  const isPart = set?.kind === 'mrxs' && sources.length === 1;
  if (set !== undefined && openSet !== undefined && !isPart) {
    const files = set.files.map(({ source }) => source);
    await closeAll(sources.filter((one) => !files.includes(one)));
    return openSet(files, platform);
  }
  const cached = cachedByteSources(sources);
  const source = cached[0]!;
  const heads = await Promise.all(cached.map((one) => one.read(0, headBytes)));
  const head = heads[0]!;
  const dicom = cached.filter((_, i) => isDicomStart(heads[i]!));
  if (dicom.length > 0) {
    // A folder may hold more than the slide.
    await closeAll(sources.filter((_, i) => !isDicomStart(heads[i]!)));
    return openDicom(dicom, platform);
  }
  if (sources.length > 1) {
    for (const [i, one] of sources.entries()) {
      const refusal = knownFormat(heads[i]!, one.name, false);
      if (refusal !== null) throw refusal;
    }
    if (heads.every((one) => TiffFile.recognises(one))) return openTiffSet(cached, platform);
    const slides = sources.filter(({ name }) => isSlideName(name));
    if (slides.length !== 1) throw notTogether(sources);
    // A folder may hold more than the slide.
    await closeAll(sources.filter((one) => one !== slides[0]));
    return openSources(slides, platform);
  }
  if (isCzi(head)) return openCzi(source, platform);
  // An MRXS file is a JPEG.
  const refusal = /\.mrxs$/i.test(first.name) || !isReadable(head) ? knownFormat(head, first.name) : null;
  if (refusal !== null) throw refusal;
  if (TiffFile.recognises(head)) return openTiff(source, platform);
  const image = imageType(head);
  if (image !== null) return openPlainImage(source, image, platform);
  throw new SlideError(
    'not-a-slide',
    first.name,
    `This is not a slide in a supported format (${describe(head)}).`,
    'Open an SVS, NDPI, OME-TIFF or other TIFF file, a CZI file, the .dcm files of a DICOM series, a JPEG or a PNG.',
  );
}

/**
 * Slides of several files, by what their names say. A reader gets all files of the set, without a cache, closes what it does
 * not need, and checks that the content is what the names promise.
 */
const setReaders: Partial<
  Record<SlideSetKind, (sources: readonly ByteSource[], platform: SlidePlatform) => Promise<Slide>>
> = {
  mrxs: openMrxs,
  vms: openVms,
  ndpis: openNdpis,
  vsi: openVsi,
  zarr: openZarrFiles,
  'deep-zoom': openDeepZoomFiles,
  zoomify: openZoomifyFiles,
};

function severalSlides(sets: readonly { readonly title: string }[]): SlideError {
  const titles = sets.slice(0, 5).map(({ title }) => title);
  return new SlideError(
    'unsupported',
    sets[0]!.title,
    `The files are those of ${sets.length} slides: ${titles.join(', ')}${sets.length > 5 ? ' and others' : ''}.`,
    'Open the files of one slide.',
  );
}

/** Bytes by which a format is recognised. */
const headBytes = 1024;

const isReadable = (head: Uint8Array): boolean => TiffFile.recognises(head) || imageType(head) !== null;

function notTogether(sources: readonly ByteSource[]): SlideError {
  return new SlideError(
    'unsupported',
    sources[0]!.name,
    `The ${sources.length} files do not belong together.`,
    'Open one slide file, or all .dcm files of one DICOM series.',
  );
}

/** The files of an OME-TIFF set, which has its channels in several. */
async function openTiffSet(sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> {
  const budget = new ByteBudget(sources[0]!.name);
  const files: TiffFile[] = [];
  for (const source of sources) files.push(await TiffFile.open(source, budget));
  const [first, ...others] = files;
  const contents = first !== undefined && (await isOme(first)) ? await omeContents(first, others) : null;
  if (first === undefined || contents === null) throw notTogether(sources);
  return tiffSlide(first, contents, platform, sources);
}

async function openTiff(source: ByteSource, platform: SlidePlatform): Promise<Slide> {
  const file = await TiffFile.open(source);
  return tiffSlide(file, await tiffContents(file), platform);
}

/** The makers' dialects of TIFF, by what their files say of themselves. */
const tiffDialects: readonly (readonly [
  recognises: (file: TiffFile) => boolean | Promise<boolean>,
  contents: (file: TiffFile) => Promise<TiffContents>,
])[] = [
  [isNdpi, ndpiContents],
  [isAperio, aperioContents],
  [isLeicaScn, leicaScnContents],
  [isVentanaBif, ventanaBifContents],
  [isPhilips, philipsContents],
  [isQptiff, qptiffContents],
  [isTrestle, trestleContents],
  [isOme, omeContents],
  [isImageJ, imageJContents],
];

async function tiffContents(file: TiffFile): Promise<TiffContents> {
  for (const [recognises, contents] of tiffDialects) {
    if (await recognises(file)) return contents(file);
  }
  await refuseUnreadTiff(file);
  return genericContents(file);
}

/** What the first bytes look like, in a few words. */
function describe(head: Uint8Array): string {
  const text = new TextDecoder('latin1').decode(head.subarray(0, 512));
  if (text.startsWith('PK')) return 'it looks like a ZIP archive';
  if (text.startsWith('%PDF')) return 'it looks like a PDF';
  if (/^\s*<(!doctype|html)/i.test(text)) return 'it looks like a web page';
  if (/^[\t\n\r\x20-\x7e\x80-\xff]*$/.test(text)) return 'it looks like text';
  return 'its first bytes match no known format';
}

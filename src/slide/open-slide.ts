/** Opens a slide of any supported format. The content decides the format, not the file name. */
import { isDicomStart } from '../base/dicom-start.ts';
import { cachedByteSource, memoryByteSource } from './byte-source.ts';
import { ByteBudget, cacheBytes, maxDescriptionBytes } from './limits.ts';
import { responseText } from './limited-response.ts';
import { dicomSlide } from './dicom/dicom-slide.ts';
import { dicomInstance, type DicomInstance } from './dicom/instance.ts';
import { isCzi } from './czi/czi-file.ts';
import { openCzi } from './czi/czi-slide.ts';
import { imageType } from './encoded-image.ts';
import { openVms } from './hamamatsu/vms-slide.ts';
import { knownFormat } from './known-formats.ts';
import { contentRevision, fingerprint, textRevision } from './fingerprint.ts';
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
import { retryingFetch } from './retry.ts';
import { signedFetch } from './bearer-token.ts';
import { urlByteSource, type UrlByteSourceOptions } from './url-byte-source.ts';
import { urlName } from './range-client.ts';
import { deepZoom } from './web/deep-zoom.ts';
import { dicomWebInstances, isDicomWebSeries } from './web/dicomweb.ts';
import { iiif } from './web/iiif.ts';
import { openDeepZoomFiles, openZoomifyFiles } from './web/local-tiles.ts';
import { tileServerSlide, type TileServerSlide } from './web/tile-server.ts';
import { isZarrUrl, openZarrFiles, openZarrUrl } from './zarr/open-zarr.ts';
import { zoomify } from './web/zoomify.ts';

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
  // All files of a slide share one cache's worth of memory.
  const maxBytes = Math.max(leastCacheBytes, cacheBytes / sources.length);
  const cached = sources.map((one) => cachedByteSource(one, { maxBytes }));
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

export interface UrlSlideOptions extends UrlByteSourceOptions {
  /** Bearer token for the slide's server; null by default. */
  readonly token?: string | null;
}

/**
 * Opens the slide at a URL: a file by range requests, a Deep Zoom or IIIF description, a DICOMweb series.
 * @throws SlideError as `openSlide`, `urlByteSource` and `signedFetch` do.
 */
export async function openSlideUrl(
  url: string,
  platform: SlidePlatform,
  { token = null, ...given }: UrlSlideOptions = {},
): Promise<Slide> {
  const name = urlName(url);
  const signIn = { url, name, token };
  const plain = given.fetch ?? ((input, init) => fetch(input, init));
  // Retries are within: a server that wants a token is not asked again.
  const http = signedFetch(retryingFetch(plain, given), signIn);
  const options = { ...given, fetch: signedFetch(plain, signIn) };
  if (isDicomWebSeries(url)) {
    const budget = new ByteBudget(name);
    const { instances, text } = await dicomWebInstances(url, name, http, budget);
    const digest = memoryByteSource(new TextEncoder().encode(url), name);
    const identity = {
      name,
      fileSize: 0,
      fingerprint: await fingerprint([digest]),
      revision: await textRevision(url + text),
      close: () => undefined,
    };
    return dicomSlide(instances, identity, platform, budget);
  }
  if (isZarrUrl(url)) return openZarrUrl(url, http, platform);
  let source: ByteSource;
  try {
    source = await urlByteSource(url, options);
  } catch (error) {
    // Servers rarely serve ranges of dynamic responses such as info.json.
    const text = error instanceof SlideError && error.code === 'no-range' ? await document(url, http) : null;
    const server = text === null ? null : description(text, url, name);
    if (server === null) throw error;
    return tileServerSlide(server, http, platform);
  }
  const head = await source.read(0, 1024);
  if (source.size <= maxDescriptionBytes && isDescription(new TextDecoder().decode(head))) {
    const text = new TextDecoder().decode(await source.read(0, source.size));
    const server = description(text, url, name);
    if (server !== null) return tileServerSlide(server, http, platform);
  }
  return openSlide([source], platform);
}

/** Every file of a set keeps some blocks. */
const leastCacheBytes = 256 * 1024;

const description = (text: string, url: string, name: string): TileServerSlide | null =>
  deepZoom(text, url, name) ?? zoomify(text, url, name) ?? iiif(text, url, name);

/** The text at a URL if it can be a description, whatever type the server gives it (`.dzi` has none of its own); else null. */
async function document(url: string, http: typeof fetch): Promise<string | null> {
  const response = await http(url);
  const type = response.headers.get('content-type') ?? '';
  const length = Number(response.headers.get('content-length') ?? 0);
  if (!response.ok || /^(?:image|audio|video)\//.test(type) || length > maxDescriptionBytes) {
    await response.body?.cancel();
    return null;
  }
  try {
    const text = await responseText(response, maxDescriptionBytes, urlName(url));
    return isDescription(text) ? text : null;
  } catch (error) {
    // A long file that the server gives no length of.
    if (error instanceof SlideError && error.code === 'unsupported') return null;
    throw error;
  }
}

/** Whether a text begins like XML or JSON. */
const isDescription = (text: string): boolean => /^\ufeff?\s*[<{]/.test(text);

/** @param sources DICOM files. */
async function openDicom(sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> {
  const instances: DicomInstance[] = [];
  const budget = new ByteBudget(sources[0]!.name);
  let refused: unknown;
  for (const source of sources) {
    try {
      instances.push(await dicomInstance(source, budget));
    } catch (error) {
      // Reports and annotations are often in the same folder as the images.
      if (!(error instanceof SlideError) || error.code !== 'unsupported' || budget.left === 0) throw error;
      refused = error;
    }
  }
  if (instances.length === 0 && refused instanceof SlideError) throw refused;
  const sorted = [...sources].sort((a, b) => (a.name < b.name ? -1 : 1));
  return dicomSlide(
    instances,
    {
      name: sources.length === 1 ? sorted[0]!.name : `${sorted[0]!.name} and ${sources.length - 1} more`,
      fileSize: sources.reduce((sum, source) => sum + source.size, 0),
      fingerprint: await fingerprint(sorted),
      revision: await contentRevision(sorted),
      close: () => sources.forEach((source) => void source.close?.()),
    },
    platform,
    budget,
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

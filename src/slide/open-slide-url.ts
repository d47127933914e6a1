/** Opens a slide at a URL: a file by range requests, or what a server delivers in tiles or frames. */
import { memoryByteSource } from './byte-source.ts';
import { signedFetch } from './bearer-token.ts';
import { dicomSlide } from './dicom/dicom-slide.ts';
import { fingerprint, textRevision } from './fingerprint.ts';
import { responseText } from './limited-response.ts';
import { ByteBudget, maxDescriptionBytes } from './limits.ts';
import { openSlide } from './open-slide.ts';
import { urlName } from './range-client.ts';
import { retryingFetch } from './retry.ts';
import { SlideError, type ByteSource, type Slide, type SlidePlatform } from './slide.ts';
import { urlByteSource, type UrlByteSourceOptions } from './url-byte-source.ts';
import { deepZoom } from './web/deep-zoom.ts';
import { dicomWebInstances, isDicomWebSeries } from './web/dicomweb.ts';
import { iiif } from './web/iiif.ts';
import { tileServerSlide, type TileServerSlide } from './web/tile-server.ts';
import { zoomify } from './web/zoomify.ts';
import { isZarrUrl, openZarrUrl } from './zarr/open-zarr.ts';

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

/** OME-Zarr by its address, or in files that the user chose. */
import { sourceFolder, urlFolder } from '../file-folder.ts';
import { SlideError, type ByteSource, type Slide, type SlidePlatform } from '../slide.ts';

const marks: readonly string[] = ['zarr.json', '.zattrs', '.zgroup'];

/** Whether an address is that of an OME-Zarr image, or of a file that describes one. */
export const isZarrUrl = (url: string): boolean =>
  /\.zarr(?:\/|$)|\/(?:zarr\.json|\.zattrs|\.zgroup)$/i.test(url.replace(/[?#].*$/, ''));

/** @throws SlideError as `openZarr`. */
export async function openZarrUrl(url: string, http: typeof fetch, platform: SlidePlatform): Promise<Slide> {
  const [, path = '', query = ''] = /^([^?#]*)(\?[^#]*)?/.exec(url) ?? [];
  const base = path.replace(/\/(?:zarr\.json|\.zattrs|\.zgroup)?$/, '');
  const { openZarr } = await import('./zarr-slide.ts');
  return openZarr(urlFolder(base + query, nameOf(base), http), platform, 0);
}

/** @param sources files of one image. @throws SlideError as `openZarr`. */
export async function openZarrFiles(sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> {
  // The description that lies highest.
  const pathOf = (source: ByteSource): string => source.path ?? source.name;
  const depth = (source: ByteSource): number => pathOf(source).split('/').length;
  const mark = sources
    .filter(({ name }) => marks.includes(name))
    .reduce<ByteSource | null>((best, one) => (best === null || depth(one) < depth(best) ? one : best), null);
  if (mark === null) {
    throw new SlideError(
      'not-a-slide',
      sources[0]?.name ?? '',
      'No description was found.',
      'Open the whole folder.',
    );
  }
  const { openZarr } = await import('./zarr-slide.ts');
  const folder = sourceFolder(pathOf(mark).split('/').at(-2) ?? mark.name, sources, mark);
  return openZarr(
    folder,
    platform,
    sources.reduce((sum, { size }) => sum + size, 0),
  );
}

const nameOf = (url: string): string => {
  const name = url.slice(url.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
};

/** Slides of tile servers in a local folder: Deep Zoom and Zoomify. */
import { folderAddress, folderFetch, sourceFolder } from '../file-folder.ts';
import { maxDescriptionBytes, maxTileBytes } from '../limits.ts';
import { SlideError, type ByteSource, type Slide, type SlidePlatform } from '../slide.ts';
import { deepZoom } from './deep-zoom.ts';
import { tileServerSlide, type TileServerSlide } from './tile-server.ts';
import { zoomify } from './zoomify.ts';

type Describe = (text: string, url: string, name: string) => TileServerSlide | null;

/** A `.dzi` file with its folder of tiles. @throws SlideError as `localTiles`. */
export const openDeepZoomFiles = (sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> =>
  localTiles(sources, platform, /\.dzi$/i, deepZoom);

/** A folder with `ImageProperties.xml`. @throws SlideError as `localTiles`. */
export const openZoomifyFiles = (sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> =>
  localTiles(sources, platform, /(?:^|\/)ImageProperties\.xml$/i, zoomify);

/** @throws SlideError `not-a-slide` for a description of something else, `not-found` without tiles. */
async function localTiles(
  sources: readonly ByteSource[],
  platform: SlidePlatform,
  mark: RegExp,
  describe: Describe,
): Promise<Slide> {
  const description = sources.find((source) => mark.test(source.path ?? source.name));
  const name = description === undefined ? '' : titleOf(description);
  const text =
    description === undefined || description.size > maxDescriptionBytes
      ? ''
      : new TextDecoder().decode(await description.read(0, description.size));
  const fileName = description?.name ?? '';
  const server = describe(text, `${folderAddress}${encodeURI(fileName)}`, name);
  if (description === undefined || server === null) {
    throw new SlideError(
      'not-a-slide',
      fileName,
      'It does not describe an image in tiles.',
      'Open the folder again, or export it again.',
    );
  }
  const folder = sourceFolder(name, sources, description);
  const slide = await tileServerSlide(
    // The address says nothing about the image.
    { ...server, description: text },
    folderFetch(folder, maxTileBytes),
    platform,
  );
  return {
    ...slide,
    metadata: { ...slide.metadata, fileSize: sources.reduce((sum, { size }) => sum + size, 0) },
    close: () => folder.close(),
  };
}

/** `ImageProperties.xml` is the same for all: the folder's name. */
function titleOf({ name, path = name }: ByteSource): string {
  return /\.dzi$/i.test(name) ? name : (path.split('/').at(-2) ?? name);
}

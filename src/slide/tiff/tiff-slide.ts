/** A slide made of images of one TIFF file; a TIFF dialect only assigns the images their roles. */
import { believableMpp } from '../../base/resolution.ts';
import { contentRevision, fingerprint } from '../fingerprint.ts';
import { usableProfile } from '../icc.ts';
import type { Slide, SlideLevel, SlideMetadata, SlideMpp, SlidePlatform, TilePayload } from '../slide.ts';
import { compressionName, tag } from './tags.ts';
import type { TiffFile } from './tiff-file.ts';

/** A grid of tiles: a TIFF image, or a view of one that creates tiles where the file has none (NDPI). */
export interface TileGrid {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  tile(column: number, row: number, platform: SlidePlatform, signal?: AbortSignal): Promise<TilePayload>;
}

/** An associated image, such as a label. */
export interface AssociatedSource {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  whole(platform: SlidePlatform, signal?: AbortSignal): Promise<TilePayload>;
}

/** What a TIFF dialect finds in a file. */
export interface TiffContents {
  readonly format: string;
  /** TIFF code of level 0. */
  readonly compression: number;
  /** From the largest down. */
  readonly levels: readonly TileGrid[];
  readonly associated: readonly AssociatedSource[];
  readonly mpp: SlideMpp | null;
  readonly magnification: number | null;
  readonly scanner: string | null;
  readonly properties: Readonly<Record<string, string>>;
}

/** Assembles a slide. @throws SlideError of reading. */
export async function tiffSlide(
  file: TiffFile,
  contents: TiffContents,
  platform: SlidePlatform,
): Promise<Slide> {
  const { source } = file;
  const base = contents.levels[0];
  if (base === undefined) throw file.corrupt('It has no image.');
  const profile = await usableProfile(file.directories[0]!.byteLength(tag.iccProfile), () =>
    file.directories[0]!.bytes(tag.iccProfile),
  );
  const metadata: SlideMetadata = {
    name: source.name,
    format: contents.format,
    compression: compressionName(contents.compression),
    width: base.width,
    height: base.height,
    levels: slideLevels(contents.levels),
    mpp: believableMpp(contents.mpp),
    magnification: contents.magnification,
    associated: contents.associated.map(({ name, width, height }) => ({ name, width, height })),
    scanner: contents.scanner,
    icc: profile.summary,
    fileSize: source.size,
    fingerprint: await fingerprint([source]),
    revision: await contentRevision([source]),
    properties: contents.properties,
  };
  return {
    metadata,
    async tile(level, column, row, signal) {
      const grid = contents.levels[level];
      if (grid === undefined || !(column >= 0 && row >= 0 && column < grid.columns && row < grid.rows)) {
        throw new RangeError(`${source.name} has no tile ${column}, ${row} at level ${level}.`);
      }
      return grid.tile(column, row, platform, signal);
    },
    async associatedImage(name, signal) {
      const image = contents.associated.find((one) => one.name === name);
      if (image === undefined) throw new RangeError(`${source.name} has no associated image "${name}".`);
      return image.whole(platform, signal);
    },
    iccProfile: () => Promise.resolve(profile.bytes?.slice() ?? null),
    close: () => void source.close?.(),
  };
}

/** Level geometry; a downsample is the mean of both axes. */
export function slideLevels(
  grids: readonly Pick<TileGrid, 'width' | 'height' | 'tileWidth' | 'tileHeight'>[],
): SlideLevel[] {
  const base = grids[0]!;
  return grids.map(({ width, height, tileWidth, tileHeight }) => ({
    width,
    height,
    tileWidth,
    tileHeight,
    downsample: (base.width / width + base.height / height) / 2,
  }));
}

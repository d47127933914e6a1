/**
 * 3DHISTECH (MIRAX) slides: `NAME.mrxs`, a preview, and the folder `NAME` with Slidedat.ini, an index and data files. All of
 * what is shown is in the folder.
 */
import { compositeParts, type CompositeContents } from '../channels/channel-slide.ts';
import { compositeOf } from '../channels/composite.ts';
import { gridSlide, type AssociatedSource } from '../grid-slide.ts';
import { readIni } from '../ini.ts';
import { ByteBudget } from '../limits.ts';
import { SlideError, type ByteSource, type Slide, type SlidePlatform } from '../slide.ts';
import { compression } from '../tiff/tags.ts';
import { unpack } from '../tiff/codecs.ts';
import { MrxsData } from './data-files.ts';
import {
  listedPositions,
  mrxsLevels,
  nominalPositions,
  positionsLength,
  type PhotoPositions,
} from './geometry.ts';
import { MrxsIndex } from './index-file.ts';
import { mrxsChannels } from './mrxs-channels.ts';
import { mrxsGrids, type SlideParts } from './mrxs-grid.ts';
import { slidedatOf, type MrxsImageFormat, type Slidedat } from './slidedat.ts';

const formatNames: Readonly<Record<MrxsImageFormat, string>> = {
  JPEG: 'JPEG',
  PNG: 'PNG',
  BMP24: 'none (BMP)',
};

/** Images beside the slide, by their entries of `Scan data layer`. */
const roles: Readonly<Record<string, string>> = {
  ScanDataLayer_SlideThumbnail: 'macro',
  ScanDataLayer_SlideBarcode: 'label',
  ScanDataLayer_SlidePreview: 'thumbnail',
};

/** @param sources the files of the folder, and the preview. @throws SlideError */
export async function openMrxs(sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> {
  const folder = new Folder(sources);
  const budget = new ByteBudget(folder.name);
  const description = folder.file('Slidedat.ini');
  const slidedat = slidedatOf(await readIni(description), description.name);
  const indexSource = folder.file(slidedat.indexFile);
  const files = slidedat.dataFiles.map((name) => folder.file(name));
  const used = [description, indexSource, ...files];
  await folder.closeOthers(used);
  const index = await MrxsIndex.open(indexSource, slidedat.id, budget);
  const data = new MrxsData(files, platform);
  const positions = await photoPositions(slidedat, index, data, indexSource.name, budget);
  const levels = mrxsLevels(slidedat, positions.isListed, description.name);
  const parts = { levels, slidedat, index, data, budget, positions: positions.all };
  const colours = slidedat.filters === null ? mrxsGrids(parts) : null;
  const stains = colours === null ? await fluorescence(parts, folder.name) : null;
  const planes = slidedat.focalPlanes > 1 ? [`One of ${slidedat.focalPlanes} focal planes is shown.`] : [];
  return gridSlide(
    used,
    {
      name: folder.name,
      format: 'mrxs',
      compression: formatNames[slidedat.zooms[0]!.format],
      levels: colours ?? stains!.levels,
      picture: stains?.picture ?? null,
      associated: await associatedImages(slidedat, index, data),
      mpp: { ...slidedat.mpp, source: 'MRXS MICROMETER_PER_PIXEL' },
      magnification: slidedat.magnification,
      scanner: '3DHISTECH',
      properties: { ...slidedat.properties, ...(stains === null ? {} : { Channels: stains.names }) },
      notes: [...(stains?.notes ?? []), ...planes],
    },
    platform,
  );
}

async function fluorescence(parts: SlideParts, file: string): Promise<CompositeContents> {
  const { channels, notes } = await mrxsChannels(parts, file);
  return compositeParts(compositeOf(channels, file), notes);
}

/** The files of a slide, by name. */
class Folder {
  /** What the user calls the slide. */
  readonly name: string;
  readonly #sources: readonly ByteSource[];
  readonly #files: ReadonlyMap<string, ByteSource>;

  constructor(sources: readonly ByteSource[]) {
    this.#sources = sources;
    const description = sources.find(({ name }) => name.toLowerCase() === 'slidedat.ini');
    const parent = (description?.path ?? '').split('/').slice(0, -1);
    const preview = sources.find(({ name }) => /\.mrxs$/i.test(name));
    this.name = preview?.name ?? parent.at(-1) ?? 'Slidedat.ini';
    const start = parent.map((part) => `${part}/`).join('');
    this.#files = new Map(
      sources.flatMap((source) => {
        const path = source.path ?? source.name;
        return path.startsWith(start) ? [[path.slice(start.length).toLowerCase(), source] as const] : [];
      }),
    );
  }

  /** @throws SlideError `not-found`. */
  file(name: string): ByteSource {
    const found = this.#files.get(name.toLowerCase());
    if (found !== undefined) return found;
    throw new SlideError(
      'not-found',
      this.name,
      `This is a 3DHISTECH slide whose file ${name} is missing.`,
      'Copy the whole folder of the slide, and open the folder.',
    );
  }

  async closeOthers(used: readonly ByteSource[]): Promise<void> {
    const others = this.#sources.filter((source) => !used.includes(source));
    await Promise.allSettled(others.map(async (source) => source.close?.()));
  }
}

async function photoPositions(
  slidedat: Slidedat,
  index: MrxsIndex,
  data: MrxsData,
  file: string,
  budget: ByteBudget,
): Promise<{ readonly all: PhotoPositions; readonly isListed: boolean }> {
  const length = positionsLength(slidedat);
  budget.spend(length * 3, 'positions of photos');
  const named = (name: string): number => slidedat.records.findIndex((record) => record.name === name);
  const plain = named('VIMSLIDE_POSITION_BUFFER');
  const packed = plain < 0 ? named('StitchingIntensityLayer') : -1;
  const record = plain < 0 ? packed : plain;
  if (record < 0) return { all: nominalPositions(slidedat), isListed: false };
  const entry = index.record(record);
  let bytes: Uint8Array | null = entry === null ? null : await data.bytes(entry);
  if (bytes !== null && packed >= 0) bytes = unpacked(bytes, length);
  if (bytes?.length !== length) {
    throw new SlideError(
      'corrupt',
      file,
      'The positions of the photos of this 3DHISTECH slide are damaged.',
      'Copy the whole folder of the slide again.',
    );
  }
  return { all: listedPositions(bytes, slidedat, file), isListed: true };
}

function unpacked(bytes: Uint8Array, length: number): Uint8Array | null {
  try {
    return unpack(compression.deflate, bytes, length);
  } catch {
    return null;
  }
}

/** Images beside the slide; one that cannot be read does not keep the slide from opening. */
async function associatedImages(
  slidedat: Slidedat,
  index: MrxsIndex,
  data: MrxsData,
): Promise<AssociatedSource[]> {
  const found: AssociatedSource[] = [];
  for (const [record, { name, value }] of slidedat.records.entries()) {
    const role = name === 'Scan data layer' ? roles[value] : undefined;
    if (role === undefined || found.some((one) => one.name === role)) continue;
    try {
      const entry = index.record(record);
      const size = entry === null ? null : await data.sizeOf(entry);
      if (entry === null || size === null) continue;
      found.push({
        name: role,
        ...size,
        whole: (_platform, signal) => data.payload(entry, size, `the image “${role}”`, signal),
      });
    } catch (error) {
      if (!(error instanceof SlideError) || !['corrupt', 'truncated'].includes(error.code)) throw error;
    }
  }
  return found;
}

/**
 * Zeiss CZI: scans of Axioscan and other microscopes. All scanned regions (scenes) lie on one canvas at their places, camera
 * tiles over one another in their order; colours as they are, grey channels as a composite.
 */
import { beyondNotes, compositeParts } from '../channels/channel-slide.ts';
import { maxSelectableChannels, type ValueWindow } from '../channels/channel-view.ts';
import { compositeOf, type ChannelPicture } from '../channels/composite.ts';
import { deepColourNote, gridSlide, type TileGrid } from '../grid-slide.ts';
import { ByteBudget } from '../limits.ts';
import type { ByteSource, Slide, SlidePlatform } from '../slide.ts';
import { withoutEmpty } from '../tiff/generic-tiff.ts';
import { attachedImages } from './czi-attachments.ts';
import { CziFile, type CziHeader, type CziSubblock } from './czi-file.ts';
import { checkSubblocks, greyLevels, pictureLevels, SubblockReader } from './czi-levels.ts';
import { cziMetadata, type CziMetadata } from './czi-metadata.ts';
import { firstPlanes, layersOf } from './pyramid-layers.ts';
import { compressionName, pixelTypeName, pixelTypes } from './subblock-pixels.ts';

/** @throws SlideError `unsupported`, `corrupt`, `truncated`. */
export async function openCzi(source: ByteSource, platform: SlidePlatform): Promise<Slide> {
  const file = new CziFile(source, new ByteBudget(source.name));
  const header = await file.header();
  const xml = await file.xml(header.metadata);
  const metadata = cziMetadata(xml, file);
  const picture = await pictureOf(file, header, metadata);
  const associated = await attachedImages(
    file,
    await file.attachments(header.attachments),
    async (inner) => (await pictureOf(inner, await inner.header(), withoutMetadata)).levels,
  );
  const isUnread = xml === null && header.metadata !== 0;
  return gridSlide(
    [source],
    {
      format: 'zeiss-czi',
      compression: picture.compression,
      levels: picture.levels,
      picture: picture.channels,
      associated,
      mpp: metadata.mpp,
      magnification: metadata.magnification,
      scanner: metadata.scanner,
      properties: withoutEmpty({ Objective: metadata.objective, ...picture.properties }),
      notes: [...picture.notes, ...(isUnread ? ['Its metadata is too long to be read.'] : [])],
    },
    platform,
  );
}

const withoutMetadata: CziMetadata = {
  ...{ mpp: null, magnification: null, scanner: null, objective: '', channels: [] },
};

/** What ZEN gives a channel without a colour. */
const white = [255, 255, 255] as const;

interface Picture {
  readonly levels: readonly TileGrid[];
  /** Of grey channels. */
  readonly channels: ChannelPicture | null;
  readonly compression: string | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

async function pictureOf(
  file: CziFile,
  header: CziHeader,
  { channels: described }: CziMetadata,
): Promise<Picture> {
  const all = await file.subblocks(header.directory);
  if (all.length === 0) throw file.unsupported('It holds no picture.', 'Export the slide again.');
  const { shown: planes, notes } = firstPlanes(all);
  const types = channelTypes(planes);
  const numbers = [...types.keys()].sort((a, b) => a - b);
  // Colours are a picture of their own; grey channels beside them are left out.
  const coloured = numbers.find((number) => pixelTypes.get(types.get(number)!)?.components === 3);
  const channels = coloured === undefined ? numbers.slice(0, maxSelectableChannels) : [coloured];
  const shown = planes.filter(({ channel }) => channels.includes(channel));
  const [base] = shown;
  checkSupport(shown, types, file);
  const layers = layersOf(shown, file);
  checkSubblocks(layers, file);
  const reader = new SubblockReader(file);
  const type = pixelTypes.get(base!.pixelType)!;
  const scenes = new Set(shown.map(({ scene }) => scene)).size;
  const properties = { 'Pixel type': type.name, Scenes: scenes > 1 ? String(scenes) : '' };
  const compression = compressionName(base!.compression);
  const isPicture = coloured !== undefined || (numbers.length === 1 && type.bits === 8);
  if (isPicture) {
    const left = numbers.length - 1;
    return {
      levels: pictureLevels(layers, channels[0]!, file, reader),
      channels: null,
      compression,
      properties,
      notes: [
        ...notes,
        ...(type.bits === 16 ? [deepColourNote(16)] : []),
        ...(left > 0
          ? [`It has ${left} grey ${left === 1 ? 'channel' : 'channels'} beside its colours, not shown.`]
          : []),
      ],
    };
  }
  const grey = channels.map((number) => ({
    name: described[number]?.name ?? '',
    levels: greyLevels(layers, number, pixelTypes.get(types.get(number)!)!.bits, file, reader),
    colour: described[number]?.colour ?? null,
    window: windowOf(described[number]?.display ?? null, pixelTypes.get(types.get(number)!)!.bits),
    grey: numbers.length === 1 && (described[number]?.colour ?? white).every((value) => value === 255),
  }));
  const composite = compositeParts(compositeOf(grey, file.source.name), beyondNotes(numbers.length));
  return {
    levels: composite.levels,
    channels: composite.picture,
    compression,
    properties: { ...properties, Channels: composite.names },
    notes: [
      ...composite.notes,
      ...notes,
      ...(channels.some((number) => described[number]?.curved === true)
        ? ['Its display curves (gamma) are not applied: brightness is linear.']
        : []),
    ],
  };
}

/** Of values; null where the file gives no display range, or one of less than a value. */
function windowOf(display: CziMetadata['channels'][number]['display'], bits: 8 | 16): ValueWindow | null {
  if (display === null) return null;
  const [low, high] = display.map((share) => Math.round(share * (2 ** bits - 1))) as [number, number];
  return low < high ? [low, high] : null;
}

/** The pixel type of each channel: that of its first subblock. */
function channelTypes(subblocks: readonly CziSubblock[]): Map<number, number> {
  const types = new Map<number, number>();
  for (const { channel, pixelType } of subblocks) if (!types.has(channel)) types.set(channel, pixelType);
  return types;
}

function checkSupport(
  subblocks: readonly CziSubblock[],
  types: ReadonlyMap<number, number>,
  file: CziFile,
): void {
  for (const { channel, pixelType, compression } of subblocks) {
    if (pixelType !== types.get(channel)) throw file.corrupt('The pixel type of a channel changes.');
    if (!pixelTypes.has(pixelType)) {
      throw file.unsupported(
        `Its pixels are of type ${pixelTypeName(pixelType)}; Gray8, Gray16, Bgr24 and Bgr48 are supported.`,
        'Export it with 8 or 16 bits from ZEN.',
      );
    }
    if (compressionName(compression) === null) {
      throw file.unsupported(
        `Its compression (code ${compression}) is not supported.`,
        'Export it as CZI with JPEG XR, Zstd or no compression from ZEN.',
      );
    }
  }
}

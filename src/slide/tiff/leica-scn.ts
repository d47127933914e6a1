/**
 * Leica SCN: a BigTIFF of several pyramids, described by XML in the first directory. One image shows the whole glass, label
 * included, and covers the whole collection; the others are scanned areas, whose places on the glass are in nanometres.
 */
import { positiveDecimal } from '../../base/decimal.ts';
import { attribute, nodesOf, parseXml, textOf, xmlCost, XmlError, type XmlNode } from '../../base/xml.ts';
import { imageRole } from '../image-role.ts';
import { maxSide, maxXmlBytes } from '../limits.ts';
import { SlideError } from '../slide.ts';
import { compositeParts, type CompositeContents } from '../channels/channel-slide.ts';
import { ChannelMeasures, compositeOf } from '../channels/composite.ts';
import { compositeContents, greyChannels, isInterleaved, type Channel } from './composite.ts';
import { gridMosaic, mosaicLayout, type PlacedGrid } from './grid-mosaic.ts';
import { withoutEmpty } from './generic-tiff.ts';
import { tag } from './tags.ts';
import { TiffImage } from './tiff-image.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';
import {
  associated,
  levelsAmong,
  type AssociatedSource,
  type TiffContents,
  type TileGrid,
} from './tiff-slide.ts';
import { unlessUnsupported } from './tiff-support.ts';

const namespace = 'http://www.leica-microsystems.com/scn/';

/** Whether the first description is Leica's. */
export async function isLeicaScn(file: TiffFile): Promise<boolean> {
  return (await file.directories[0]!.textStart(tag.imageDescription)).includes(namespace);
}

/** A plane of an image: its directory by size, channel and focal plane. */
interface Dimension {
  readonly directory: TiffDirectory;
  readonly channel: number;
}

interface Area {
  readonly isWhole: boolean;
  readonly fluorescence: boolean;
  /** Place and size on the glass in nm. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** From the largest down, of the first focal plane. */
  readonly planes: readonly Dimension[];
  readonly channels: readonly { readonly name: string; readonly colour: Channel['colour'] }[];
  readonly magnification: number | null;
  readonly scanner: string;
}

/** @throws SlideError `unsupported`, `corrupt`. */
export async function leicaScnContents(file: TiffFile): Promise<TiffContents> {
  const collection = await readCollection(file);
  const all = nodesOf(collection.image).map((image) => areaOf(image, collection, file));
  const areas = all.filter(({ isWhole, planes }) => !isWhole && planes.length > 0);
  const first = areas[0];
  if (first === undefined) {
    throw new SlideError(
      'unsupported',
      file.source.name,
      'This Leica SCN file holds only the picture of the whole glass, not the scan.',
      'Export the slide again with its scanned areas.',
    );
  }
  const sides = areas.flatMap((area) => [area.width, area.height, sizeOf(area).width, sizeOf(area).height]);
  if (!sides.every((side) => side > 0 && side < Infinity)) {
    throw file.corrupt('A scanned area has no size.');
  }
  // Areas of another objective or light are other pictures: they do not fit on one canvas.
  const alike = areas.filter((area) => isAlike(area, first));
  const nmPerPixel = {
    x: first.width / sizeOf(first).width,
    y: first.height / sizeOf(first).height,
  };
  const isChannels = !isInterleaved(first.planes[0]!.directory);
  const composite = isChannels ? await channelAreas(file, alike, nmPerPixel) : null;
  const levels = composite?.levels ?? (await areaLevels(file, alike, nmPerPixel));
  const images: AssociatedSource[] = [];
  for (const { planes } of all.filter(({ isWhole }) => isWhole)) {
    const whole = planes[0] && (await unlessUnsupported(TiffImage.open(file, planes[0].directory)));
    if (whole != null && images.length === 0) images.push(associated('macro', whole));
  }
  const left = areas.length - alike.length;
  return {
    format: 'leica-scn',
    directory: first.planes[0]!.directory,
    levels,
    picture: composite?.picture ?? null,
    associated: images,
    mpp: { x: nmPerPixel.x / 1000, y: nmPerPixel.y / 1000, source: 'Leica view size' },
    magnification: first.magnification,
    scanner: first.scanner === '' ? null : first.scanner,
    properties: withoutEmpty({ Channels: composite?.names ?? '', Areas: String(alike.length) }),
    notes: [
      ...(composite?.notes ?? []),
      ...(left === 0
        ? []
        : [
            `${left} of its ${areas.length} scanned areas differ in objective, light or channels and are not shown.`,
          ]),
    ],
  };
}

async function readCollection(file: TiffFile): Promise<XmlNode> {
  const xml = await file.directories[0]!.text(tag.imageDescription, maxXmlBytes);
  file.budget.spend(xmlCost(xml), 'XML');
  try {
    const collection = nodesOf(nodesOf(parseXml(xml, { removePrefixes: true }).scn)[0]?.collection)[0];
    if (collection !== undefined) return collection;
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    throw file.corrupt(`Its XML cannot be read. ${cause.message}`);
  }
  throw file.corrupt('Its XML describes no collection of images.');
}

function areaOf(image: XmlNode, collection: XmlNode, file: TiffFile): Area {
  const view = nodesOf(image.view)[0] ?? {};
  const place = (name: string): number => Number(attribute(view, name)) || 0;
  const [x, y, width, height] = [place('offsetX'), place('offsetY'), place('sizeX'), place('sizeY')];
  const settings = nodesOf(image.scanSettings)[0] ?? {};
  const magnification = positiveDecimal(textOf(nodesOf(settings.objectiveSettings)[0]?.objective));
  const coversAll =
    x === 0 &&
    y === 0 &&
    width === Number(attribute(collection, 'sizeX')) &&
    height === Number(attribute(collection, 'sizeY'));
  // The label is in the picture of the whole glass: what names it or is demagnified is never taken for a scan.
  const isWhole =
    coversAll ||
    imageRole(attribute(image, 'name')) !== null ||
    (magnification !== null && magnification < 1);
  const planes = nodesOf(nodesOf(image.pixels)[0]?.dimension).flatMap((dimension): Dimension[] => {
    const directory = file.directories[Number(attribute(dimension, 'ifd'))];
    const isFirstPlane = (Number(attribute(dimension, 'z')) || 0) === 0;
    return directory === undefined || !isFirstPlane
      ? []
      : [{ directory, channel: Number(attribute(dimension, 'c')) || 0 }];
  });
  const light = nodesOf(settings.illuminationSettings)[0] ?? {};
  const device = nodesOf(image.device)[0] ?? {};
  return {
    isWhole,
    fluorescence: /fluor/i.test(textOf(light.illuminationSource)),
    x,
    y,
    width,
    height,
    planes: planes.sort((a, b) => widthOf(b.directory) - widthOf(a.directory)),
    channels: nodesOf(nodesOf(settings.channelSettings)[0]?.channel).map((channel) => ({
      name: attribute(channel, 'name'),
      colour: colourOf(attribute(channel, 'rgb')),
    })),
    magnification,
    scanner: attribute(device, 'model'),
  };
}

const widthOf = (directory: TiffDirectory): number => directory.number(tag.imageWidth) ?? 0;

/** Pixels of an area at full size. */
function sizeOf({ planes }: Area): { width: number; height: number } {
  const { directory } = planes[0]!;
  return { width: widthOf(directory), height: directory.number(tag.imageLength) ?? 0 };
}

function isAlike(area: Area, first: Area): boolean {
  const nm = area.width / sizeOf(area).width;
  const nmFirst = first.width / sizeOf(first).width;
  return (
    area.fluorescence === first.fluorescence &&
    Math.abs(nm / nmFirst - 1) < 0.02 &&
    isInterleaved(area.planes[0]!.directory) === isInterleaved(first.planes[0]!.directory) &&
    channelsOf(area).length === channelsOf(first).length
  );
}

/** `#rrggbb`. */
function colourOf(text: string): Channel['colour'] {
  const value = /^#?([0-9a-f]{6})$/i.exec(text)?.[1];
  if (value === undefined) return null;
  const rgb = Number.parseInt(value, 16);
  return [rgb >> 16, (rgb >> 8) & 255, rgb & 255];
}

/** The levels of one area, or of several on the canvas that holds them all. */
async function areaLevels(
  file: TiffFile,
  areas: readonly Area[],
  nmPerPixel: { readonly x: number; readonly y: number },
): Promise<readonly TileGrid[]> {
  const each: (readonly TileGrid[])[] = [];
  for (const { planes } of areas) {
    const [base, ...smaller] = await Promise.all(
      planes.map(({ directory }) => TiffImage.open(file, directory)),
    );
    each.push(levelsAmong(base!, smaller).levels);
  }
  return each.length === 1 ? each[0]! : gridMosaic(placedAreas(file, areas, each, nmPerPixel), file);
}

/** As `areaLevels`, for areas of separate channels. They share their windows. */
async function channelAreas(
  file: TiffFile,
  areas: readonly Area[],
  nmPerPixel: { readonly x: number; readonly y: number },
): Promise<CompositeContents> {
  const [first] = areas;
  if (areas.length === 1) return compositeContents(file, channelsOf(first!));
  const each = await Promise.all(areas.map((area) => greyChannels(file, channelsOf(area))));
  if (each.some(({ opened }) => opened.length !== each[0]!.opened.length)) {
    throw new SlideError(
      'unsupported',
      file.source.name,
      'Its scanned areas have different channels.',
      'Export each area by itself.',
    );
  }
  const measures = new ChannelMeasures(each.map(({ opened }) => opened));
  const pictures = each.map(({ opened }) => compositeOf(opened, file.source.name, measures));
  const parts = pictures.map((picture) => compositeParts(picture, []).levels);
  const layout = mosaicLayout(placedAreas(file, areas, parts, nmPerPixel), file);
  const { channels, isBrightfield } = pictures[0]!;
  return compositeParts(
    {
      channels,
      isBrightfield,
      measure: (index, platform) => measures.measure(index, platform),
      levels: (view) => layout(pictures.map((picture) => picture.levels(view))),
    },
    each[0]!.notes,
  );
}

/** @throws SlideError `corrupt` for places that are not on a glass. */
function placedAreas(
  file: TiffFile,
  areas: readonly Area[],
  pyramids: readonly (readonly TileGrid[])[],
  nmPerPixel: { readonly x: number; readonly y: number },
): PlacedGrid[] {
  const left = Math.min(...areas.map(({ x }) => x));
  const top = Math.min(...areas.map(({ y }) => y));
  const placed = areas.map(({ x, y }, i): PlacedGrid => ({
    levels: pyramids[i]!,
    x: Math.round((x - left) / nmPerPixel.x),
    y: Math.round((y - top) / nmPerPixel.y),
  }));
  if (!placed.every(({ x, y }) => x < maxSide && y < maxSide)) {
    throw file.corrupt('The places of its scanned areas are not on a glass.');
  }
  return placed;
}

function channelsOf({ planes, channels }: Area): Channel[] {
  const numbers = [...new Set(planes.map(({ channel }) => channel))].sort((a, b) => a - b);
  return numbers.map((number, i) => ({
    name: channels[i]?.name ?? '',
    colour: channels[i]?.colour ?? null,
    directories: planes.filter(({ channel }) => channel === number).map(({ directory }) => directory),
  }));
}

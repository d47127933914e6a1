/**
 * OME-TIFF: the OME-XML in the first directory gives pixel size, objective and further images. The pixels are
 * laid out as in any TIFF pyramid (SubIFDs).
 */
import { nodesOf as elementsOf, parseXml, xmlCost, XmlError } from '../../base/xml.ts';
import { maxChannels, maxXmlBytes, type ByteBudget } from '../limits.ts';
import { SlideError, type SlideMpp } from '../slide.ts';
import { genericContents } from './generic-tiff.ts';
import { compositeLevels, isInterleaved, maxCompositeChannels, type OmeChannel } from './ome-composite.ts';
import { compression, tag } from './tags.ts';
import type { TiffFile } from './tiff-file.ts';
import type { TiffContents } from './tiff-slide.ts';

type Element = Readonly<Record<string, unknown>>;

/** The fields used from an Image element of OME-XML. */
export interface OmeImage {
  readonly name: string;
  /** The channels, not counting the samples of an RGB image, which are one. */
  readonly channels: () => readonly OmeChannel[];
  readonly mpp: SlideMpp | null;
  readonly magnification: number | null;
  /** Its first directory in the file. */
  readonly directory: number;
}

export interface OmeDocument {
  readonly images: readonly OmeImage[];
  readonly scanner: string | null;
}

/** Whether the first image's description is OME-XML. */
export async function isOme(file: TiffFile): Promise<boolean> {
  const description = await file.directories[0]!.text(tag.imageDescription, maxXmlBytes);
  return description.includes('<OME') && description.trimEnd().endsWith('OME>');
}

/** @throws SlideError `unsupported`, `corrupt` for damaged XML. */
export async function omeContents(file: TiffFile): Promise<TiffContents> {
  const xml = await file.directories[0]!.text(tag.imageDescription, maxXmlBytes);
  const document = parseOme(xml, file.source.name, file.budget);
  const first = document.images[0];
  if (first !== undefined && isFluorescence(file, first)) {
    return fluorescenceContents(file, first, document.scanner);
  }
  const names = new Map(document.images.map((image) => [image.directory, associatedName(image.name)]));
  const contents = await genericContents(file, names);
  return {
    ...contents,
    format: 'ome-tiff',
    mpp: first?.mpp ?? contents.mpp,
    magnification: first?.magnification ?? contents.magnification,
    scanner: document.scanner ?? contents.scanner,
  };
}

/** Several channels, or one of more than 8 bits. */
function isFluorescence(file: TiffFile, image: OmeImage): boolean {
  const directory = file.directories[image.directory];
  if (directory === undefined || isInterleaved(directory)) return false;
  return image.channels().length > 1 || (directory.number(tag.bitsPerSample) ?? 8) === 16;
}

async function fluorescenceContents(
  file: TiffFile,
  image: OmeImage,
  scanner: string | null,
): Promise<TiffContents> {
  const channels = image.channels();
  const shown = channels.slice(0, maxCompositeChannels).map((channel, i) => channel.name || `${i + 1}`);
  const left = channels.length - shown.length;
  return {
    format: 'ome-tiff',
    compression: file.directories[image.directory]?.number(tag.compression) ?? compression.none,
    levels: await compositeLevels(file, channels),
    associated: [],
    mpp: image.mpp,
    magnification: image.magnification,
    scanner,
    properties: { Channels: left === 0 ? shown.join(', ') : `${shown.join(', ')} (${left} more not shown)` },
  };
}

/** @throws SlideError `corrupt`, `unsupported` when the document takes more than the budget. */
export function parseOme(xml: string, file: string, budget: ByteBudget): OmeDocument {
  budget.spend(xmlCost(xml), 'OME-XML');
  let root: Element;
  try {
    root = child(parseXml(xml, { removePrefixes: true }), 'OME')[0] ?? {};
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    throw new SlideError(
      'corrupt',
      file,
      `Its OME-XML cannot be read. ${cause.message}`,
      'Export the file again.',
      { cause },
    );
  }
  const instruments = child(root, 'Instrument');
  const objectives = instruments.flatMap((instrument) => child(instrument, 'Objective'));
  const objectiveById = new Map(objectives.map((one) => [one.ID, one]));
  const images: OmeImage[] = [];
  let next = 0;
  for (const image of child(root, 'Image')) {
    const pixels = child(image, 'Pixels')[0] ?? {};
    const given = Number(text(child(pixels, 'TiffData')[0]?.IFD));
    const directory =
      Number.isInteger(given) && child(pixels, 'TiffData')[0]?.IFD !== undefined ? given : next;
    const samples = Number(text(child(pixels, 'Channel')[0]?.SamplesPerPixel)) || 1;
    const count = Math.min(maxChannels, Math.max(1, Math.round((Number(text(pixels.SizeC)) || 1) / samples)));
    next = directory + count * size(pixels, 'Z') * size(pixels, 'T');
    const settings = child(image, 'ObjectiveSettings')[0];
    const objective = objectiveById.get(settings?.ID) ?? objectives[0];
    images.push({
      name: text(image.Name),
      // On demand: every image of a document may claim as many channels as it likes.
      channels: () => channelsOf(pixels, directory, count),
      mpp: physicalSize(pixels),
      magnification: positive(objective?.NominalMagnification),
      directory,
    });
  }
  const microscope = instruments.flatMap((instrument) => child(instrument, 'Microscope'))[0];
  const scanner = [text(microscope?.Manufacturer), text(microscope?.Model)].filter(Boolean).join(' ');
  return { images, scanner: scanner === '' ? null : scanner };
}

const size = (pixels: Element, axis: 'Z' | 'T'): number =>
  Math.max(1, Math.round(Number(text(pixels[`Size${axis}`])) || 1));

/** Channels with the directories of their first planes (OME-TIFF specification, TiffData). */
function channelsOf(pixels: Element, first: number, count: number): OmeChannel[] {
  const described = child(pixels, 'Channel');
  const planes = child(pixels, 'TiffData');
  const order = text(pixels.DimensionOrder) || 'XYCZT';
  // Planes before the next channel's first.
  const before = order.slice(2, order.indexOf('C'));
  const stride = [...before].reduce(
    (planes, axis) => planes * (axis === 'Z' || axis === 'T' ? size(pixels, axis) : 1),
    1,
  );
  return Array.from({ length: count }, (_, c) => {
    const own = planes.find(
      (plane) =>
        plane.IFD !== undefined &&
        plane.FirstC !== undefined &&
        Number(text(plane.FirstC)) === c &&
        (Number(text(plane.FirstZ)) || 0) === 0 &&
        (Number(text(plane.FirstT)) || 0) === 0,
    );
    const directory = own === undefined ? first + c * stride : Number(text(own.IFD));
    return { name: text(described[c]?.Name), colour: colourOf(described[c]?.Color), directory };
  });
}

/** OME's Color: red, green, blue and alpha in a signed 32-bit integer. */
function colourOf(value: unknown): OmeChannel['colour'] {
  const rgba = Number(text(value));
  if (text(value) === '' || !Number.isInteger(rgba)) return null;
  return [(rgba >>> 24) & 255, (rgba >>> 16) & 255, (rgba >>> 8) & 255];
}

/** µm per OME length unit. */
const unitUm: Readonly<Record<string, number>> = {
  µm: 1,
  μm: 1,
  um: 1,
  micron: 1,
  nm: 1e-3,
  Å: 1e-4,
  mm: 1e3,
  cm: 1e4,
  m: 1e6,
  in: 25_400,
};

function physicalSize(pixels: Element): SlideMpp | null {
  const axis = (name: string): number | null => {
    const size = positive(pixels[`PhysicalSize${name}`]);
    const unit = text(pixels[`PhysicalSize${name}Unit`]) || 'µm';
    const um = unitUm[unit];
    return size === null || um === undefined ? null : size * um;
  };
  const x = axis('X');
  const y = axis('Y');
  return x === null || y === null ? null : { x, y, source: 'OME PhysicalSize' };
}

function associatedName(name: string): string {
  return /\b(label|macro|thumbnail|overview)\b/i.exec(name)?.[1]?.toLowerCase() ?? name;
}

/** Child elements by name: none, one or many. */
function child(element: Element, name: string): Element[] {
  return elementsOf(element[name]);
}

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

function positive(value: unknown): number | null {
  const number = Number.parseFloat(text(value));
  return Number.isFinite(number) && number > 0 ? number : null;
}

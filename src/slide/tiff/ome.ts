/**
 * OME-TIFF: the OME-XML in the first directory gives pixel size, objective and further images. The pixels are
 * laid out as in any TIFF pyramid (SubIFDs).
 */
import { positiveDecimal } from '../../base/decimal.ts';
import type { GivenMpp } from '../../base/resolution.ts';
import {
  nodesOf as child,
  parseXml,
  textOf as text,
  xmlCost,
  XmlError,
  type XmlNode,
} from '../../base/xml.ts';
import { imageRole } from '../image-role.ts';
import { maxChannels, maxXmlBytes, type ByteBudget } from '../limits.ts';
import { SlideError } from '../slide.ts';
import { compositeContents, isInterleaved, withSubDirectories, type Channel } from './composite.ts';
import { genericContents } from './generic-tiff.ts';
import { umPerUnit } from './resolution.ts';
import { tag } from './tags.ts';
import type { TiffFile } from './tiff-file.ts';
import type { TiffContents } from './tiff-slide.ts';

/** A plane of an image, and where it is. */
export interface OmePlane {
  readonly name: string;
  readonly colour: Channel['colour'];
  /** Number of its directory in the main chain of its file. */
  readonly directory: number;
  /** The file that holds it, by name and UUID; null for the file of the document. */
  readonly file: { readonly name: string; readonly uuid: string } | null;
}

/** The fields used from an Image element of OME-XML. */
export interface OmeImage {
  readonly name: string;
  /** Pixels by the document. */
  readonly width: number;
  readonly height: number;
  /** The first plane of each channel, not counting the samples of an RGB image, which are one. */
  readonly channels: () => readonly OmePlane[];
  /** Planes of one channel: focal planes times times. */
  readonly stack: number;
  readonly mpp: GivenMpp | null;
  readonly magnification: number | null;
  /** Its first directory in the file. */
  readonly directory: number;
}

export interface OmeDocument {
  readonly images: readonly OmeImage[];
  readonly scanner: string | null;
  /** The UUID of the file that the document is in; empty without one. */
  readonly uuid: string;
  /** The file with the metadata, where this one has only pixels; empty otherwise. */
  readonly metadataFile: string;
}

/** The root element, with any prefix, before which only a declaration, comments and instructions may be. */
const root = /<(?:[\w.-]+:)?OME[\s>]/;

/** Whether the first image's description is OME-XML. */
export async function isOme(file: TiffFile): Promise<boolean> {
  const start = await file.directories[0]!.textStart(tag.imageDescription);
  return start.trimStart().startsWith('<') && root.test(start);
}

/**
 * @param others further files of the set.
 * @throws SlideError `unsupported` (also for files that are not of the set), `corrupt` for damaged XML.
 */
export async function omeContents(file: TiffFile, others: readonly TiffFile[] = []): Promise<TiffContents> {
  const xml = await file.directories[0]!.text(tag.imageDescription, maxXmlBytes);
  const document = parseOme(xml, file.source.name, file.budget);
  const slide = slideAmong(document.images, file);
  const contents = await imageContents(file, others, document, slide);
  const { metadataFile } = document;
  const notes = [...(contents.notes ?? [])];
  if (metadataFile !== '')
    notes.push(`Pixel size and channels are in another file, ${metadataFile}, which is not read.`);
  return { ...contents, format: 'ome-tiff', notes };
}

/** The largest image that is not called a label, macro, thumbnail or overview; the first of equal ones. */
function slideAmong(images: readonly OmeImage[], file: TiffFile): OmeImage | undefined {
  const shown = images.filter(({ name }) => imageRole(name) === null);
  if (
    shown.length === 0 &&
    images.length > 0 &&
    images.every(({ name }) => imageRole(name) !== 'thumbnail')
  ) {
    throw new SlideError(
      'unsupported',
      file.source.name,
      'It holds only a label or a picture of the whole glass, not the slide.',
      'Open the slide file that belongs to it.',
    );
  }
  return (shown.length === 0 ? images : shown).reduce<OmeImage | undefined>(
    (best, one) => (best === undefined || one.width * one.height > best.width * best.height ? one : best),
    undefined,
  );
}

async function imageContents(
  file: TiffFile,
  others: readonly TiffFile[],
  document: OmeDocument,
  slide: OmeImage | undefined,
): Promise<TiffContents> {
  if (slide === undefined) return genericContents(file);
  const channels = slide.channels();
  const own = planesHere(channels, document, file);
  const fileOfPlane = (plane: OmePlane): TiffFile | undefined =>
    own.includes(plane) ? file : others.find(({ source }) => source.name === plane.file?.name);
  const stranger = others.find((other) => channels.every((plane) => fileOfPlane(plane) !== other));
  if (stranger !== undefined) {
    throw new SlideError(
      'unsupported',
      stranger.source.name,
      `It is not part of the OME-TIFF set of ${file.source.name}.`,
      'Open one slide file, or all files of one set.',
    );
  }
  const here = channels.filter((plane) => fileOfPlane(plane) !== undefined);
  const elsewhere = channels.filter((plane) => !here.includes(plane));
  const first = here[0];
  // Some programs number the directories of a single image as they like.
  const firstFile = (first === undefined ? undefined : fileOfPlane(first)) ?? file;
  const base =
    first === undefined
      ? undefined
      : (firstFile.directories[first.directory] ??
        (document.images.length === 1 ? firstFile.directories[0] : undefined));
  if (base === undefined) {
    const other = elsewhere[0]?.file?.name;
    throw new SlideError(
      'unsupported',
      file.source.name,
      other
        ? `Its pixels are in another file, ${other}.`
        : 'Its OME-XML describes an image that the file does not have.',
      other
        ? 'Open that file, or export all channels into one OME-TIFF.'
        : 'Export it again, for example from QuPath.',
    );
  }
  const notes = elsewhere.length === 0 ? [] : [elsewhereNote(elsewhere)];
  const shared = {
    directory: base,
    mpp: slide.mpp,
    magnification: slide.magnification,
    scanner: document.scanner,
  };
  const isGrey = !isInterleaved(base);
  if (isGrey && (channels.length > 1 || (base.number(tag.bitsPerSample) ?? 8) === 16)) {
    const planes = await Promise.all(
      here.map(async (each, i): Promise<Channel> => {
        const holder = fileOfPlane(each) ?? file;
        const plane = holder.directories[each.directory];
        if (plane === undefined) {
          throw new SlideError(
            'unsupported',
            file.source.name,
            `Its channel ${i + 1} is in another file.`,
            'Export all channels into one OME-TIFF, for example from QuPath.',
          );
        }
        const directories = await withSubDirectories(holder, plane);
        return { name: each.name, colour: each.colour, directories, file: holder };
      }),
    );
    if (slide.stack > 1) notes.push(`The first of ${slide.stack} focal planes or times is shown.`);
    const { picture, levels, names, notes: left } = await compositeContents(file, planes);
    return {
      ...shared,
      format: 'ome-tiff',
      levels,
      picture,
      associated: [],
      properties: { Channels: names },
      notes: [...left, ...notes],
    };
  }
  const names = new Map(
    document.images.flatMap((image) => {
      const directory = file.directories[image.directory];
      return image === slide || directory === undefined || isReducedCopy(image, slide)
        ? []
        : [[directory, image.name] as const];
    }),
  );
  const contents = await genericContents(firstFile, { base, names });
  return {
    ...contents,
    mpp: shared.mpp ?? contents.mpp,
    magnification: shared.magnification ?? contents.magnification,
    scanner: shared.scanner ?? contents.scanner,
    notes: [...(contents.notes ?? []), ...notes],
  };
}

/** Whether an image is a level of the slide, as some programs store them: its pixels are larger as its size is smaller. */
function isReducedCopy(image: OmeImage, slide: OmeImage): boolean {
  if (image.mpp?.x == null || slide.mpp?.x == null || image.width >= slide.width) return false;
  const ratio = (image.mpp.x * image.width) / (slide.mpp.x * slide.width);
  return Math.abs(ratio - 1) < 0.02;
}

/** The planes in this file: they name none, or this one by UUID or name, or all the same one, as if it was renamed. */
function planesHere(planes: readonly OmePlane[], { uuid }: OmeDocument, file: TiffFile): readonly OmePlane[] {
  const isNamed = ({ file: place }: OmePlane): boolean =>
    place === null || (place.uuid !== '' && place.uuid === uuid) || place.name === file.source.name;
  const here = planes.filter(isNamed);
  const names = new Set(planes.map(({ file: place }) => `${place?.name} ${place?.uuid}`));
  return here.length === 0 && names.size === 1 && uuid === '' ? planes : here;
}

function elsewhereNote(planes: readonly OmePlane[]): string {
  const names = planes
    .slice(0, 4)
    .map(
      ({ name, file }) =>
        `${name || 'one'} in ${file === null || file.name === '' ? 'an unnamed file' : file.name}`,
    );
  const more = planes.length - names.length;
  return `${planes.length === 1 ? 'A channel is' : `${planes.length} channels are`} in other files, which are not shown: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}

/** @throws SlideError `corrupt`, `unsupported` when the document takes more than the budget. */
export function parseOme(xml: string, file: string, budget: ByteBudget): OmeDocument {
  budget.spend(xmlCost(xml), 'OME-XML');
  let root: XmlNode;
  try {
    root = child(parseXml(xml, { removePrefixes: true }).OME)[0] ?? {};
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
  const instruments = child(root.Instrument);
  const objectives = instruments.flatMap((instrument) => child(instrument.Objective));
  const objectiveById = new Map(objectives.map((one) => [one.ID, one]));
  const images: OmeImage[] = [];
  let next = 0;
  for (const image of child(root.Image)) {
    const pixels = child(image.Pixels)[0] ?? {};
    const given = Number(text(child(pixels.TiffData)[0]?.IFD));
    const directory = Number.isInteger(given) && child(pixels.TiffData)[0]?.IFD !== undefined ? given : next;
    const samples = Number(text(child(pixels.Channel)[0]?.SamplesPerPixel)) || 1;
    const count = Math.min(maxChannels, Math.max(1, Math.round((Number(text(pixels.SizeC)) || 1) / samples)));
    next = directory + count * size(pixels, 'Z') * size(pixels, 'T');
    const settings = child(image.ObjectiveSettings)[0];
    const objective = objectiveById.get(settings?.ID) ?? objectives[0];
    images.push({
      name: text(image.Name),
      // On demand: every image of a document may claim as many channels as it likes.
      channels: () => channelsOf(pixels, directory, count),
      width: Number(text(pixels.SizeX)) || 0,
      height: Number(text(pixels.SizeY)) || 0,
      stack: size(pixels, 'Z') * size(pixels, 'T'),
      mpp: physicalSize(pixels),
      magnification: positiveDecimal(text(objective?.NominalMagnification)),
      directory,
    });
  }
  const microscope = instruments.flatMap((instrument) => child(instrument.Microscope))[0];
  const scanner = [text(microscope?.Manufacturer), text(microscope?.Model)].filter(Boolean).join(' ');
  return {
    images,
    scanner: scanner === '' ? null : scanner,
    uuid: text(root.UUID),
    metadataFile: text(child(root.BinaryOnly)[0]?.MetadataFile),
  };
}

const size = (pixels: XmlNode, axis: 'Z' | 'T'): number =>
  Math.max(1, Math.round(Number(text(pixels[`Size${axis}`])) || 1));

/** Channels with the directories of their first planes (OME-TIFF specification, TiffData). */
function channelsOf(pixels: XmlNode, first: number, count: number): OmePlane[] {
  const described = child(pixels.Channel);
  const planes = child(pixels.TiffData);
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
    const place = own ?? (planes.length === 1 ? planes[0] : undefined);
    return {
      name: text(described[c]?.Name),
      colour: colourOf(described[c]?.Color),
      directory,
      file: fileOf(place),
    };
  });
}

/** The file that a TiffData names: `<UUID FileName="…">urn:uuid:…</UUID>`. */
function fileOf(place: XmlNode | undefined): OmePlane['file'] {
  const uuid = place?.UUID;
  if (typeof uuid === 'string') return { name: '', uuid };
  const named = child(uuid)[0];
  return named === undefined ? null : { name: text(named.FileName), uuid: text(named['#text']) };
}

/** OME's Color: red, green, blue and alpha in a signed 32-bit integer. */
function colourOf(value: unknown): Channel['colour'] {
  const rgba = Number(text(value));
  if (text(value) === '' || !Number.isInteger(rgba)) return null;
  return [(rgba >>> 24) & 255, (rgba >>> 16) & 255, (rgba >>> 8) & 255];
}

function physicalSize(pixels: XmlNode): GivenMpp | null {
  const axis = (name: string): number | null => {
    const size = positiveDecimal(text(pixels[`PhysicalSize${name}`]));
    const um = umPerUnit(text(pixels[`PhysicalSize${name}Unit`]) || 'µm');
    return size === null || um === undefined ? null : size * um;
  };
  const x = axis('X');
  const y = axis('Y');
  return x === null && y === null ? null : { x, y, source: 'OME PhysicalSize' };
}

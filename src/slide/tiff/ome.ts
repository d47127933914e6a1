/**
 * OME-TIFF: what the first directory's OME-XML says of pixel size, objective and further images. The
 * pixels are laid out as in any TIFF pyramid (SubIFDs).
 */
import { XMLParser } from 'fast-xml-parser';
import { SlideError, type SlideMpp } from '../slide.ts';
import { genericContents } from './generic-tiff.ts';
import { tag } from './tags.ts';
import type { TiffFile } from './tiff-file.ts';
import type { TiffContents } from './tiff-slide.ts';

/** Longest OME-XML that is parsed; whole plates have some megabytes. */
const MAX_XML = 16 * 1024 * 1024;

type Element = Readonly<Record<string, unknown>>;

/** What is used of an Image element of OME-XML. */
export interface OmeImage {
  readonly name: string;
  /** Channels that are not the samples of one RGB image. */
  readonly channels: number;
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
  const description = await file.directories[0]!.text(tag.imageDescription);
  return description.includes('<OME') && description.trimEnd().endsWith('OME>');
}

/** @throws SlideError `unsupported` for fluorescence, `corrupt` for damaged XML. */
export async function omeContents(file: TiffFile): Promise<TiffContents> {
  const xml = await file.directories[0]!.text(tag.imageDescription);
  const document = parseOme(xml, file.source.name);
  const first = document.images[0];
  if (first !== undefined && first.channels > 1) {
    throw new SlideError(
      'unsupported',
      file.source.name,
      `It is an image of ${first.channels} separate channels (fluorescence); brightfield RGB slides can be opened.`,
      'Export it as RGB, for example from QuPath.',
    );
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

/** @throws SlideError `corrupt`. */
export function parseOme(xml: string, file: string): OmeDocument {
  const damaged = (cause?: unknown): SlideError =>
    new SlideError('corrupt', file, 'Its OME-XML can not be read.', 'Export the file again.', { cause });
  if (xml.length > MAX_XML) throw damaged();
  let root: Element;
  try {
    const parser = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: '',
      removeNSPrefix: true,
      parseAttributeValue: false,
      // Entities are not expanded: a description may not grow in memory.
      processEntities: false,
    });
    root = child(parser.parse(xml) as Element, 'OME')[0] ?? {};
  } catch (cause) {
    throw damaged(cause);
  }
  const instruments = child(root, 'Instrument');
  const objectives = instruments.flatMap((instrument) => child(instrument, 'Objective'));
  const images: OmeImage[] = [];
  let next = 0;
  for (const image of child(root, 'Image')) {
    const pixels = child(image, 'Pixels')[0] ?? {};
    const given = Number(text(child(pixels, 'TiffData')[0]?.IFD));
    const directory =
      Number.isInteger(given) && child(pixels, 'TiffData')[0]?.IFD !== undefined ? given : next;
    const samples = Number(text(child(pixels, 'Channel')[0]?.SamplesPerPixel)) || 1;
    const channels = Math.max(1, Math.round((Number(text(pixels.SizeC)) || 1) / samples));
    next = directory + channels * (Number(text(pixels.SizeZ)) || 1) * (Number(text(pixels.SizeT)) || 1);
    const settings = child(image, 'ObjectiveSettings')[0];
    const objective = objectives.find((one) => one.ID === settings?.ID) ?? objectives[0];
    images.push({
      name: text(image.Name),
      channels,
      mpp: physicalSize(pixels),
      magnification: positive(objective?.NominalMagnification),
      directory,
    });
  }
  const microscope = instruments.flatMap((instrument) => child(instrument, 'Microscope'))[0];
  const scanner = [text(microscope?.Manufacturer), text(microscope?.Model)].filter(Boolean).join(' ');
  return { images, scanner: scanner === '' ? null : scanner };
}

/** µm in one of OME's length units. */
const UNIT_UM: Readonly<Record<string, number>> = {
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
    const um = UNIT_UM[unit];
    return size === null || um === undefined ? null : size * um;
  };
  const x = axis('X');
  const y = axis('Y');
  return x === null || y === null ? null : { x, y, source: 'OME PhysicalSize' };
}

function associatedName(name: string): string {
  return /\b(label|macro|thumbnail|overview)\b/i.exec(name)?.[1]?.toLowerCase() ?? name;
}

/** Child elements of a name, none or one or many. */
function child(element: Element, name: string): Element[] {
  const value = element[name];
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((one): one is Element => typeof one === 'object' && one !== null);
}

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

function positive(value: unknown): number | null {
  const number = Number.parseFloat(text(value));
  return Number.isFinite(number) && number > 0 ? number : null;
}

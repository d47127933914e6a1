/**
 * Philips TIFF (IntelliSite): a pyramid whose levels are padded to whole tiles, described by an XML form of DICOM in the first
 * directory. Label and macro are images of their own, or base64 within the XML. The XML names slide and patient in many
 * places: none of it is shown.
 */
import { decimalNumber } from '../../base/decimal.ts';
import { XmlError, attribute, nodesOf, parseXml, textOf, xmlCost, type XmlNode } from '../../base/xml.ts';
import { encodedSize, imageType } from '../encoded-image.ts';
import { imageRole } from '../image-role.ts';
import { maxAssociatedPixels, maxXmlBytes } from '../limits.ts';
import type { LevelCandidate } from '../pyramid.ts';
import { SlideError, type SlideMpp } from '../slide.ts';
import { withoutEmpty } from './generic-tiff.ts';
import { tag } from './tags.ts';
import { TiffImage } from './tiff-image.ts';
import type { TiffFile } from './tiff-file.ts';
import {
  associated,
  levelsAmong,
  type AssociatedSource,
  type TiffContents,
  type TileGrid,
} from './tiff-slide.ts';
import { unlessUnsupported } from './tiff-support.ts';

/** Whether the first image is Philips': by its software, and the kind of its XML. */
export async function isPhilips(file: TiffFile): Promise<boolean> {
  const first = file.directories[0]!;
  const description = await first.textStart(tag.imageDescription);
  return (
    description.includes('ObjectType="DPUfsImport"') || (await first.text(tag.software)).startsWith('Philips')
  );
}

const othersNote = (count: number): string =>
  `${count === 1 ? 'One of its levels does' : `${count} of its levels do`} not fit the slide’s shape and ${count === 1 ? 'is' : 'are'} not used.`;

type Spacing = NonNullable<LevelCandidate['spacing']>;

/** A level with the size of its pixels in mm. */
type Level = TileGrid & LevelCandidate & { readonly image: TiffImage };

/** @throws SlideError `unsupported`, `corrupt`. */
export async function philipsContents(file: TiffFile): Promise<TiffContents> {
  const first = file.directories[0]!;
  const root = await readXml(file);
  const scanned = nodesOf(valueOf(root, 'PIM_DP_SCANNED_IMAGES')).flatMap(objectsOf);
  const slide = scanned.find((one) => fieldOf(one, 'PIM_DP_IMAGE_TYPE') === 'WSI') ?? {};
  const spacings = levelSpacings(slide);
  const tiled: Level[] = [];
  const images: AssociatedSource[] = [];
  for (const directory of file.directories) {
    const image = await unlessUnsupported(TiffImage.open(file, directory));
    if (image === null) {
      // A level that can't be read is not passed over in silence.
      if (directory === first) await TiffImage.open(file, directory);
      continue;
    }
    if (image.tiled) tiled.push(withSpacing(image, spacings[tiled.length] ?? null));
    else {
      const role = imageRole(await directory.textStart(tag.imageDescription)) ?? `image ${images.length + 1}`;
      if (!images.some(({ name }) => name === role)) images.push(associated(role, image));
    }
  }
  const base = tiled[0];
  if (base === undefined) throw file.corrupt('It has no image in tiles.');
  for (const [type, name] of [
    ['LABELIMAGE', 'label'],
    ['MACROIMAGE', 'macro'],
  ] as const) {
    const holder = scanned.find((one) => fieldOf(one, 'PIM_DP_IMAGE_TYPE') === type);
    const embedded = holder === undefined ? null : embeddedImage(name, fieldOf(holder, 'PIM_DP_IMAGE_DATA'));
    if (embedded !== null && !images.some((one) => one.name === name)) images.push(embedded);
  }
  const { levels, others } = levelsAmong(base, tiled.slice(1));
  const maker = [fieldOf(root, 'DICOM_MANUFACTURER'), fieldOf(root, 'DICOM_MANUFACTURERS_MODEL_NAME')];
  return {
    format: 'philips-tiff',
    directory: first,
    levels,
    associated: images,
    mpp: mppOf(base.spacing ?? null),
    magnification: null,
    scanner: maker.filter(Boolean).join(' ') || null,
    properties: withoutEmpty({ Software: await first.text(tag.software) }),
    notes: others.length === 0 ? [] : [othersNote(others.length)],
  };
}

const withSpacing = (image: TiffImage, spacing: Spacing | null): Level => ({
  image,
  spacing,
  width: image.width,
  height: image.height,
  tileWidth: image.tileWidth,
  tileHeight: image.tileHeight,
  tiled: true,
  columns: image.columns,
  rows: image.rows,
  tile: (column, row, platform, signal) => image.tile(column, row, platform, signal),
});

function mppOf(spacing: Spacing | null): SlideMpp | null {
  const um = (mm: number): number => Number((mm * 1000).toPrecision(10));
  return spacing === null
    ? null
    : { x: um(spacing.x), y: um(spacing.y), source: 'Philips DICOM_PIXEL_SPACING' };
}

async function readXml(file: TiffFile): Promise<XmlNode> {
  const xml = await file.directories[0]!.text(tag.imageDescription, maxXmlBytes);
  file.budget.spend(xmlCost(xml), 'XML');
  try {
    return nodesOf(parseXml(xml, { lists: ['Attribute', 'DataObject'] }).DataObject)[0] ?? {};
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    throw new SlideError(
      'corrupt',
      file.source.name,
      `The XML of this Philips TIFF cannot be read. ${cause.message}`,
      'Export the slide again.',
      { cause },
    );
  }
}

/** The value of a named attribute of a data object: text, or a node with an array of data objects. */
function valueOf(object: XmlNode, name: string): unknown {
  const found = nodesOf(object.Attribute).find((one) => attribute(one, 'Name') === name);
  return found?.Array !== undefined ? found.Array : found?.['#text'];
}

function fieldOf(object: XmlNode, name: string): string {
  return textOf(valueOf(object, name));
}

const objectsOf = (array: XmlNode): XmlNode[] => nodesOf(array.DataObject);

/** The size of a level's pixels in mm by the number of the level. */
function levelSpacings(slide: XmlNode): (Spacing | null)[] {
  const levels = nodesOf(valueOf(slide, 'PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE')).flatMap(objectsOf);
  const found: (Spacing | null)[] = [];
  for (const [i, level] of levels.entries()) {
    const given = fieldOf(level, 'PIIM_PIXEL_DATA_REPRESENTATION_NUMBER');
    const number = /^\d{1,3}$/.test(given) ? Number(given) : i;
    found[number] = spacingOf(level);
  }
  found[0] ??= spacingOf(slide);
  return Array.from(found, (one) => one ?? null);
}

/** Two quoted numbers, rows before columns: `"0.00025" "0.00025"`. */
function spacingOf(object: XmlNode): Spacing | null {
  const [y, x] = fieldOf(object, 'DICOM_PIXEL_SPACING')
    .replaceAll('"', ' ')
    .trim()
    .split(/[\s\\]+/)
    .map(decimalNumber);
  return x != null && y != null && x > 0 && y > 0 && x < 1 && y < 1 ? { x, y } : null;
}

/** A JPEG in base64; null where it is none. */
function embeddedImage(name: string, base64: string): AssociatedSource | null {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.from(atob(base64.replace(/\s+/g, '')), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
  const type = imageType(bytes);
  const size = type === null ? null : encodedSize(bytes, type);
  if (type === null || size === null || size.width * size.height > maxAssociatedPixels) return null;
  return { name, ...size, whole: () => Promise.resolve({ kind: 'encoded', type, bytes: bytes.slice() }) };
}

/**
 * Akoya (PerkinElmer) QPTIFF: pages with XML that says what each is. A brightfield slide is RGB; a fluorescence slide has a
 * page per channel and level, levels after one another.
 */
import { positiveDecimal } from '../../base/decimal.ts';
import { nodesOf, parseXml, textOf, xmlCost, XmlError, type XmlNode } from '../../base/xml.ts';
import { compositeContents, isInterleaved, type Channel } from './composite.ts';
import { genericContents, withoutEmpty } from './generic-tiff.ts';
import { resolutionMpp } from './resolution.ts';
import { tag } from './tags.ts';
import { TiffImage } from './tiff-image.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';
import { associated, type AssociatedSource, type TiffContents } from './tiff-slide.ts';
import { unlessUnsupported } from './tiff-support.ts';

const rootName = 'PerkinElmer-QPI-ImageDescription';

/** Whether the first description is PerkinElmer's XML. */
export async function isQptiff(file: TiffFile): Promise<boolean> {
  return (await file.directories[0]!.textStart(tag.imageDescription)).includes(`<${rootName}`);
}

interface Page {
  readonly directory: TiffDirectory;
  readonly type: string;
  readonly xml: XmlNode;
}

const roles: Readonly<Record<string, string>> = { Thumbnail: 'thumbnail', Overview: 'macro', Label: 'label' };

/** @throws SlideError `unsupported`, `corrupt`. */
export async function qptiffContents(file: TiffFile): Promise<TiffContents> {
  const pages: Page[] = [];
  for (const directory of file.directories) {
    const xml = await pageXml(file, directory);
    pages.push({ directory, type: textOf(xml.ImageType), xml });
  }
  const full = pages.filter(({ type }) => type === 'FullResolution');
  const first = full[0] ?? pages[0]!;
  const { directory } = first;
  const names = new Map(
    pages.flatMap((page) => (page.type in roles ? [[page.directory, roles[page.type]!]] : [])),
  );
  const shared = {
    format: 'akoya-qptiff',
    mpp: resolutionMpp(directory),
    magnification: positiveDecimal(textOf(first.xml.Objective)),
    scanner: textOf(first.xml.InstrumentType) || null,
  };
  if (isInterleaved(directory)) {
    const contents = await genericContents(file, { base: directory, names });
    return {
      ...contents,
      ...shared,
      properties: withoutEmpty({ Software: await directory.text(tag.software) }),
    };
  }
  const channels = channelsOf(pages, full);
  const images: AssociatedSource[] = [];
  for (const [other, name] of names) {
    const image = await unlessUnsupported(TiffImage.open(file, other));
    if (image !== null && !images.some((one) => one.name === name)) images.push(associated(name, image));
  }
  const { picture, levels, names: channelNames, notes } = await compositeContents(file, channels);
  return {
    ...shared,
    directory,
    levels,
    picture,
    associated: images,
    properties: withoutEmpty({ Software: await directory.text(tag.software), Channels: channelNames }),
    notes,
  };
}

async function pageXml(file: TiffFile, directory: TiffDirectory): Promise<XmlNode> {
  const text = await directory.text(tag.imageDescription);
  if (!text.includes(rootName)) return {};
  file.budget.spend(xmlCost(text), 'XML');
  try {
    return nodesOf(parseXml(text)[rootName])[0] ?? {};
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    throw file.corrupt(`The XML of a page cannot be read. ${cause.message}`);
  }
}

/** Channels in the order of their pages; reduced pages come in the same order, size by size. */
function channelsOf(pages: readonly Page[], full: readonly Page[]): Channel[] {
  const bySize = new Map<number, TiffDirectory[]>();
  for (const { directory, type } of pages) {
    if (type !== 'ReducedResolution') continue;
    const width = directory.number(tag.imageWidth) ?? 0;
    bySize.set(width, [...(bySize.get(width) ?? []), directory]);
  }
  return full.map(({ directory, xml }, i) => ({
    name: textOf(xml.Name) || textOf(xml.Biomarker),
    colour: colourOf(textOf(xml.Color)),
    directories: [directory, ...[...bySize.values()].flatMap((planes) => planes[i] ?? [])],
  }));
}

/** `r,g,b`. */
function colourOf(text: string): Channel['colour'] {
  const [red, green, blue] = text.split(',').map(Number);
  const rgb = [red, green, blue].map((value) =>
    value !== undefined && value >= 0 && value <= 255 ? value : NaN,
  );
  return rgb.some(Number.isNaN) ? null : [rgb[0]!, rgb[1]!, rgb[2]!];
}

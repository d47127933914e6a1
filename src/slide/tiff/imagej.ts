/**
 * TIFF stacks of ImageJ and Fiji: the description counts channels, focal planes and times, whose planes follow each other in
 * this order; the resolution tags count pixels per unit of length that it names.
 */
import { maxChannels, maxProperties } from '../limits.ts';
import { compositeContents, isInterleaved, withSubDirectories, type Channel } from './composite.ts';
import { genericContents, planesNote, withoutEmpty } from './generic-tiff.ts';
import { imageJMpp } from './resolution.ts';
import { tag } from './tags.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';
import type { TiffContents } from './tiff-slide.ts';

/** Whether the first description is ImageJ's. */
export async function isImageJ(file: TiffFile): Promise<boolean> {
  return (await file.directories[0]!.textStart(tag.imageDescription)).startsWith('ImageJ=');
}

/** ImageJ's own colours of channels. */
const colours: readonly NonNullable<Channel['colour']>[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
];

/** Bytes of a lookup table: 256 reds, greens and blues. */
const tableBytes = 768;
/** Most entries of the list of parts: a few kinds, each once. */
const maxKinds = 64;

/**
 * Colours of the channels by the lookup tables that ImageJ keeps beside its description (ij.io.TiffEncoder): the brightest
 * entry of each. A list of kinds and counts comes first, then the parts; their lengths are in a tag of their own. null where
 * a table has no colour, and no entry where the file has no tables.
 */
async function tableColours(directory: TiffDirectory): Promise<Channel['colour'][]> {
  const lengths = await directory.numbers(tag.imageJLengths);
  const parts = await directory.bytes(tag.imageJParts);
  const head = lengths[0] ?? 0;
  if (parts === null || !(head >= 12) || head > parts.length) return [];
  const view = new DataView(parts.buffer, parts.byteOffset, parts.byteLength);
  const signature = String.fromCharCode(...parts.subarray(0, 4));
  if (signature !== 'IJIJ' && signature !== 'JIJI') return [];
  const isLittle = signature === 'JIJI';
  const found: Channel['colour'][] = [];
  let [part, at] = [1, head];
  for (let entry = 4; entry + 8 <= head && entry < 4 + 8 * maxKinds; entry += 8) {
    const isTables = view.getUint32(entry, isLittle) === 0x6c757473;
    const count = view.getUint32(entry + 4, isLittle);
    for (let i = 0; i < count && part < lengths.length; i++, part++) {
      const length = lengths[part]!;
      if (isTables && length === tableBytes && at + length <= parts.length && found.length < maxChannels) {
        const [red, green, blue] = [parts[at + 255]!, parts[at + 511]!, parts[at + 767]!];
        found.push(red + green + blue === 0 ? null : [red, green, blue]);
      }
      at += length;
    }
  }
  return found;
}

/** @throws SlideError `unsupported`, `corrupt`. */
export async function imageJContents(file: TiffFile): Promise<TiffContents> {
  const first = file.directories[0]!;
  const description = await first.text(tag.imageDescription);
  const fields = new Map(
    description.split(/\r?\n/, maxProperties).map((line) => {
      const equals = line.indexOf('=');
      return [line.slice(0, equals), line.slice(equals + 1).trim()] as const;
    }),
  );
  const count = (name: string): number => Math.max(1, Math.trunc(Number(fields.get(name) ?? 1)) || 1);
  const channels = count('channels');
  const mpp = imageJMpp(first, fields.get('unit'));
  const isStackOfChannels = !isInterleaved(first) && (channels > 1 || first.number(tag.bitsPerSample) === 16);
  if (!isStackOfChannels) {
    const contents = await genericContents(file, { base: first });
    return { ...contents, mpp: mpp ?? contents.mpp };
  }
  const planes: Channel[] = [];
  const tables = channels === 1 ? [] : await tableColours(first);
  for (const [i, directory] of file.directories.slice(0, channels).entries()) {
    planes.push({
      name: '',
      colour: channels === 1 ? null : (tables[i] ?? colours[i] ?? null),
      directories: await withSubDirectories(file, directory),
    });
  }
  const lost = channels - planes.length;
  const stack = count('slices') * count('frames');
  const notes: string[] = [];
  // Stacks beyond 4 GB have one directory for all planes.
  if (lost > 0) notes.push(planesNote(lost));
  if (stack > 1) notes.push(`The first of ${stack} focal planes or times is shown.`);
  const composite = await compositeContents(file, planes);
  return {
    format: 'tiff',
    directory: first,
    levels: composite.levels,
    picture: composite.picture,
    associated: [],
    mpp,
    magnification: null,
    scanner: null,
    properties: withoutEmpty({
      ImageDescription: description,
      Software: 'ImageJ',
      Channels: composite.names,
    }),
    notes: [...composite.notes, ...notes],
  };
}

/**
 * Hamamatsu NDPIS sets: a text that names one NDPI file per channel of a fluorescence slide. A file holds its channel as a
 * picture in the channel's colour; the emission wavelength says which of red, green and blue that is, as Bio-Formats has it.
 */
import { cachedByteSources } from '../byte-source.ts';
import { bandGrid, type Band } from '../channels/band-grid.ts';
import { compositeParts } from '../channels/channel-slide.ts';
import { maxSelectableChannels } from '../channels/channel-view.ts';
import { compositeOf } from '../channels/composite.ts';
import type { GreyChannel } from '../channels/grey-channel.ts';
import { gridSlide } from '../grid-slide.ts';
import { readIni, type IniFile } from '../ini.ts';
import { ByteBudget } from '../limits.ts';
import { SlideError, type ByteSource, type Slide, type SlidePlatform } from '../slide.ts';
import { ndpiTag, tag } from '../tiff/tags.ts';
import { isNdpi, ndpiContents } from '../tiff/ndpi.ts';
import { TiffFile } from '../tiff/tiff-file.ts';
import type { TiffContents } from '../tiff/tiff-slide.ts';

const section = 'NanoZoomer Digital Pathology Image Set';

/** Longest waves that the eye takes for blue, for green and for red, nanometres. */
const bands: readonly (readonly [longest: number, band: Band])[] = [
  [490, 2],
  [580, 1],
  [780, 0],
];

interface Member {
  readonly contents: TiffContents;
  readonly channel: GreyChannel;
}

/** @param sources the .ndpis file and the .ndpi files beside it. @throws SlideError */
export async function openNdpis(sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> {
  const main = sources.find(({ name }) => /\.ndpis$/i.test(name))!;
  const wanted = memberNames(await readIni(main), main.name);
  const files = new Map(sources.map((source) => [source.name.toLowerCase(), source]));
  const found = wanted.flatMap((name) => files.get(name.toLowerCase()) ?? []);
  const missing = wanted.filter((name) => !files.has(name.toLowerCase()));
  if (found.length === 0) {
    throw new SlideError(
      'not-found',
      main.name,
      `This is a Hamamatsu NDPIS set, whose file ${wanted[0]!} is missing.`,
      'Open it together with the .ndpi files of its channels, or the folder that holds them.',
    );
  }
  const used = [main, ...found];
  await Promise.allSettled(sources.filter((one) => !used.includes(one)).map(async (one) => one.close?.()));
  const budget = new ByteBudget(main.name);
  const members: Member[] = [];
  for (const source of cachedByteSources(found)) members.push(await memberOf(source, budget));
  const { contents } = members[0]!;
  const picture = compositeOf(
    members.map(({ channel }) => channel),
    main.name,
  );
  const { levels, names, notes } = compositeParts(
    picture,
    missing.length === 0 ? [] : [missingNote(missing)],
  );
  return gridSlide(
    used,
    {
      name: main.name,
      format: 'hamamatsu-ndpis',
      compression: 'JPEG',
      levels,
      picture,
      associated: contents.associated,
      mpp: contents.mpp,
      magnification: contents.magnification,
      scanner: contents.scanner,
      properties: { Channels: names },
      notes,
    },
    platform,
  );
}

/** Names of the files, in the order of the channels. @throws SlideError `not-a-slide`, `corrupt`. */
function memberNames(ini: IniFile, file: string): string[] {
  const refuse = (code: 'not-a-slide' | 'corrupt', problem: string): SlideError =>
    new SlideError(code, file, problem, 'Copy all files of the set again.');
  if (!ini.has(section)) throw refuse('not-a-slide', 'This is not a Hamamatsu NDPIS set.');
  const count = ini.integer(section, 'NoImages', 1, maxSelectableChannels);
  if (count === undefined)
    throw refuse('corrupt', 'This Hamamatsu NDPIS set does not say how many files it has.');
  return Array.from({ length: count }, (_, i) => {
    const name = (ini.value(section, `Image${i}`) ?? '').split(/[\\/]/).at(-1)!;
    if (name === '') throw refuse('corrupt', `This Hamamatsu NDPIS set lacks the name of its file ${i + 1}.`);
    return name;
  });
}

async function memberOf(source: ByteSource, budget: ByteBudget): Promise<Member> {
  const isTiff = TiffFile.recognises(await source.read(0, 8));
  const file = isTiff ? await TiffFile.open(source, budget) : null;
  if (file === null || !isNdpi(file)) {
    throw new SlideError(
      'corrupt',
      source.name,
      'This file of a Hamamatsu NDPIS set is no NDPI file.',
      'Copy all files of the set again.',
    );
  }
  const contents = await ndpiContents(file);
  const { directory, levels } = contents;
  const base = levels[0];
  if (base === undefined) throw file.corrupt('It has no image of a slide.');
  // As colours, the upper 8 bits of a channel would be shown: in a dim one, nothing.
  if ((await directory.numbers(tag.bitsPerSample)).some((bits) => bits > 8)) {
    throw new SlideError(
      'unsupported',
      source.name,
      'This file of a Hamamatsu NDPIS set has 16 bits per channel; only 8 bits are supported.',
      'Export it with 8 bits from NDP.view, or as OME-TIFF with QuPath.',
    );
  }
  const band = bandOf(directory.number(ndpiTag.emissionWavelength) ?? 0);
  return {
    contents,
    channel: {
      name: (await directory.text(ndpiTag.channel)) || source.name.replace(/\.ndpi$/i, ''),
      colour: null,
      stain: true,
      levels: levels.map((grid) => ({
        image: bandGrid(grid, band, source.name),
        scale: {
          width: grid.width,
          height: grid.height,
          downsample: (base.width / grid.width + base.height / grid.height) / 2,
        },
      })),
    },
  };
}

/** Red where the wavelength is not given: files of grey pictures have the same value in each. */
const bandOf = (wavelength: number): Band =>
  bands.find(([longest]) => wavelength > 380 && wavelength <= longest)?.[1] ?? 0;

function missingNote(names: readonly string[]): string {
  const listed = names.slice(0, 4).join(', ');
  return `${names.length === 1 ? 'The file of a channel is' : `The files of ${names.length} channels are`} missing, which ${names.length === 1 ? 'is' : 'are'} not shown: ${listed}${names.length > 4 ? ` and ${names.length - 4} more` : ''}.`;
}

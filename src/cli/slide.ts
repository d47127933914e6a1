/** `dualscope slide`: prints a slide's metadata and exports a region as PNG. */
import { stat } from 'node:fs/promises';
import sharp from 'sharp';
import { fsPath } from '../base/fs-path.node.ts';
import { replaceFile } from '../base/replace-file.node.ts';
import { terminalText } from '../base/terminal-text.ts';
import { formatName } from '../base/slide-format-names.ts';
import { channelTitle, type SlideChannel } from '../slide/channels/channel-view.ts';
import { colourText, parseChannelView } from '../slide/channels/channel-view-text.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { openSlide } from '../slide/open-slide.ts';
import { pathByteSources } from '../slide/path-byte-source.node.ts';
import { readRegion } from '../slide/region.ts';
import { namedFiles, slideFiles } from '../slide/slide-files.node.ts';
import { SlideError, type Level0Rect, type Slide, type SlideMetadata } from '../slide/slide.ts';
import { CommandError, type AddCommand } from './command.ts';
import { openUrl } from './open-url.ts';
import { parseInteger, parseRect } from './options.ts';
import { print, printJson } from './terminal.ts';

interface SlideOptions {
  readonly region?: Level0Rect;
  readonly level: number;
  readonly png?: string;
  readonly channels?: string;
  readonly json?: boolean;
}

/** Adds the command to the program. */
export const addSlideCommand: AddCommand = (program) => {
  program
    .command('slide')
    .description('Show size, levels, µm per pixel and associated images of a slide; export a region as PNG.')
    .argument('<file...>', 'a slide file, all files of a slide, a folder of them, or a URL')
    .option('--region <x,y,w,h>', 'rectangle in level-0 pixels', parseRect)
    .option('--level <n>', 'level to read; sets the resolution, 0 for full', parseInteger(0), 0)
    .option('--png <out>', 'PNG file to write; without --region, the whole slide')
    .option(
      '--channels <list>',
      'channels of the PNG, from 1, with colour and window where they are not the slide’s own: 1,3:ff0000,4:00ff00:200-4000',
    )
    .option('--json', 'print one JSON object')
    .action(async (files: string[], options: SlideOptions) => {
      const slide = await openFromCommandLine(files);
      try {
        const shown = options.channels === undefined ? slide : withChannels(slide, options.channels);
        const written = options.png === undefined ? null : await writeRegion(shown, options.png, options);
        const { metadata } = slide;
        if (options.json === true) {
          printJson(
            { ...metadata, formatName: formatName(metadata.format), ...(written ? { written } : {}) },
            2,
          );
        } else {
          print(describe(metadata));
          if (written !== null) print(`wrote         ${terminalText(written)}\n`);
        }
      } finally {
        slide.close();
      }
    });
};

/**
 * Opens the slide of a command: one file, all files of a series, a folder of them, or a URL.
 * @throws SlideError
 */
export async function openFromCommandLine(files: readonly string[]): Promise<Slide> {
  const first = files[0] ?? '';
  if (files.length === 1 && /^https?:\/\//.test(first)) {
    return openUrl(first);
  }
  const placed = files.length === 1 ? await slideFiles(first) : namedFiles(files);
  const stamps = new Map<string, string>();
  // Before opening: what changes meanwhile is noticed.
  for (const { path } of placed) stamps.set(path, (await stampOf(path)) ?? '');
  const slide = await openSlide(await pathByteSources(placed), nodePlatform());
  stampsOf.set(slide, stamps);
  return slide;
}

/** Size and time of each file of a slide when it was opened, by path. */
const stampsOf = new WeakMap<Slide, ReadonlyMap<string, string>>();

/** Changes when a file is written to or replaced; null when it is gone. */
async function stampOf(path: string): Promise<string | null> {
  const info = await stat(fsPath(path), { bigint: true }).catch(() => null);
  return info === null ? null : `${info.size} ${info.mtimeNs}`;
}

/**
 * Compares the files of a slide with what they were when `openFromCommandLine` opened it. A server's slide is compared
 * with each part that is read.
 * @throws SlideError `changed`.
 */
export async function checkUnchanged(slide: Slide): Promise<void> {
  for (const [path, stamp] of stampsOf.get(slide) ?? []) {
    if ((await stampOf(path)) !== stamp) throw changedInRun(slide);
  }
}

/** @param isKept whether what was computed is kept, so that it can go on with the old slide */
export function changedInRun({ metadata }: Pick<Slide, 'metadata'>, isKept = true): SlideError {
  return new SlideError(
    'changed',
    metadata.name,
    'The slide was moved, deleted, changed or replaced during the run.',
    isKept
      ? 'Put it back as it was and continue with --resume, or start over with --overwrite.'
      : 'The slices of this run are discarded. Wait until it is complete, then run the command again.',
  );
}

/** The slide with the channels that a user asks for. @throws CommandError */
function withChannels({ metadata, channels: reading }: Slide, text: string): Slide {
  const { name, channels } = metadata;
  if (reading === undefined || channels === undefined) {
    throw new CommandError(`${name}: It has no separate channels. Leave --channels out.`);
  }
  const parsed = parseChannelView(text, channels);
  if (parsed.kind === 'wrong') throw new CommandError(`${name}: --channels: ${parsed.problem}`);
  return reading.shownAs(parsed.view);
}

async function writeRegion(slide: Slide, png: string, options: SlideOptions): Promise<string> {
  const { metadata } = slide;
  const level = metadata.levels[options.level];
  if (level === undefined) {
    throw new CommandError(
      `${metadata.name}: No level ${options.level}; levels are 0 to ${metadata.levels.length - 1}.`,
    );
  }
  const { region } = options;
  if (region !== undefined && !meets(region, metadata)) {
    throw new CommandError(
      `${metadata.name}: The region is off the slide, which has ${metadata.width} × ${metadata.height} pixels. Give a --region within it.`,
    );
  }
  const rect = region ?? { x: 0, y: 0, width: metadata.width, height: metadata.height };
  const width = Math.max(1, Math.round((rect.width * level.width) / metadata.width));
  const height = Math.max(1, Math.round((rect.height * level.height) / metadata.height));
  const { decoder } = nodePlatform();
  const image = await readRegion(slide, rect, width, height, { decoder, level: options.level });
  const picture = sharp(image.data, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .png();
  await replaceFile(png, await picture.toBuffer());
  return png;
}

function meets({ x, y, width, height }: Level0Rect, slide: SlideMetadata): boolean {
  return x < slide.width && y < slide.height && x + width > 0 && y + height > 0;
}

const windowOf = ({ window }: SlideChannel): string =>
  window === null ? 'automatic window' : `window ${window.join('–')}`;

function describe(metadata: SlideMetadata): string {
  const { mpp } = metadata;
  const rows: [string, string][] = [
    ['name', metadata.name],
    ['format', formatName(metadata.format)],
    ['compression', metadata.compression ?? 'not given'],
    ['size', `${metadata.width} × ${metadata.height} pixels`],
    ['µm per pixel', mpp === null ? 'not given' : `${mpp.x} × ${mpp.y} (${mpp.source})`],
    ['magnification', metadata.magnification === null ? 'not given' : `${metadata.magnification}×`],
    ['scanner', metadata.scanner ?? 'not given'],
    ['colour', metadata.icc?.description ?? 'no ICC profile'],
    ['file size', `${(metadata.fileSize / 1e6).toFixed(1)} MB`],
    ...metadata.levels.map((level, i): [string, string] => [
      `level ${i}`,
      `${level.width} × ${level.height}, 1/${Number(level.downsample.toFixed(3))}, tiles ${level.tileWidth} × ${level.tileHeight}`,
    ]),
    ...(metadata.channels ?? []).map((channel, i): [string, string] => [
      `channel ${i + 1}`,
      `${channelTitle(channel, i)}, #${colourText(channel.colour)}, ${channel.bits} bits, ${windowOf(channel)}${channel.on ? '' : ', off'}`,
    ]),
    ...metadata.associated.map(({ name, width, height }): [string, string] => [name, `${width} × ${height}`]),
    ...(metadata.notes ?? []).map((note): [string, string] => ['note', note]),
  ];
  return rows.map(([key, value]) => `${terminalText(key).padEnd(14)}${terminalText(value)}\n`).join('');
}

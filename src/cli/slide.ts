/** `dualscope slide`: what a slide file holds; a region of it as PNG. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import sharp from 'sharp';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { openSlide, openSlideUrl } from '../slide/open-slide.ts';
import { pathByteSource } from '../slide/path-byte-source.node.ts';
import { readRegion } from '../slide/region.ts';
import type { Level0Rect, Slide, SlideMetadata } from '../slide/slide.ts';
import { CommandError, type AddCommand } from './command.ts';

interface SlideOptions {
  readonly region?: Level0Rect;
  readonly level: number;
  readonly png?: string;
  readonly json?: boolean;
}

/** Adds the command to the program. */
export const addSlideCommand: AddCommand = (program) => {
  program
    .command('slide')
    .description('what a slide holds: size, levels, µm per pixel, associated images; a region as PNG')
    .argument('<file...>', 'a slide file, all files of a DICOM series, a folder of them, or a URL')
    .option('--region <x,y,w,h>', 'rectangle in level-0 pixels', parseRegion)
    .option('--level <n>', 'level that the region is read from, at its resolution', parseLevel, 0)
    .option('--png <out>', 'where the region is written; without --region the whole slide at --level')
    .option('--json', 'one JSON object on stdout')
    .action(async (files: string[], options: SlideOptions) => {
      const slide = await openFromCommandLine(files);
      try {
        const written = options.png === undefined ? null : await writeRegion(slide, options.png, options);
        const { metadata } = slide;
        if (options.json === true) {
          process.stdout.write(
            `${JSON.stringify({ ...metadata, ...(written ? { written } : {}) }, null, 2)}\n`,
          );
        } else {
          process.stdout.write(describe(metadata));
          if (written !== null) process.stdout.write(`wrote         ${written}\n`);
        }
      } finally {
        slide.close();
      }
    });
};

/** Nobody waits at the screen, and a job that gives up costs more than half a minute: 0.5, 1, 2 … 16 s between tries. */
const patient = { retries: 6, retryDelayMs: 500, longestDelayMs: 120_000 } as const;

/**
 * Opens what the words of a command name: a file, files that belong together, a folder of them, a URL.
 * @throws SlideError; CommandError for an empty folder.
 */
export async function openFromCommandLine(files: readonly string[]): Promise<Slide> {
  const first = files[0] ?? '';
  if (files.length === 1 && /^https?:\/\//.test(first)) {
    return openSlideUrl(first, nodePlatform(), patient);
  }
  const paths = files.length === 1 ? await filesOf(first) : files;
  return openSlide(await Promise.all(paths.map(pathByteSource)), nodePlatform());
}

async function filesOf(path: string): Promise<string[]> {
  const info = await stat(path).catch(() => null);
  if (info?.isDirectory() !== true) return [path];
  const entries = (await readdir(path)).map((name) => join(path, name));
  // Follows links: folders of a cohort often hold nothing else.
  const infos = await Promise.all(entries.map((entry) => stat(entry).catch(() => null)));
  const paths = entries.filter((_entry, i) => infos[i]?.isFile() === true);
  if (paths.length === 0) throw new CommandError(`${path}: The folder holds no files. Give a slide file.`);
  return paths.sort();
}

async function writeRegion(slide: Slide, png: string, options: SlideOptions): Promise<string> {
  const { metadata } = slide;
  const level = metadata.levels[options.level];
  if (level === undefined) {
    throw new CommandError(
      `${metadata.name}: There is no level ${options.level}. The slide has levels 0 to ${metadata.levels.length - 1}.`,
    );
  }
  const rect = options.region ?? { x: 0, y: 0, width: metadata.width, height: metadata.height };
  const width = Math.max(1, Math.round((rect.width * level.width) / metadata.width));
  const height = Math.max(1, Math.round((rect.height * level.height) / metadata.height));
  const { decoder } = nodePlatform();
  const image = await readRegion(slide, rect, width, height, { decoder, level: options.level });
  await sharp(image.data, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .png()
    .toFile(png);
  return png;
}

function parseRegion(text: string): Level0Rect {
  const [x, y, width, height, ...more] = text.split(',').map(Number);
  const ok = [x, y, width, height].every((n) => Number.isFinite(n)) && more.length === 0;
  if (!ok || x === undefined || y === undefined || !(width! > 0) || !(height! > 0)) {
    throw new InvalidArgumentError('Four numbers are needed: x,y,width,height in level-0 pixels.');
  }
  return { x, y, width: width!, height: height! };
}

function parseLevel(text: string): number {
  const level = Number(text);
  if (!Number.isInteger(level) || level < 0) {
    throw new InvalidArgumentError('A level is a whole number from 0 (full resolution).');
  }
  return level;
}

function describe(metadata: SlideMetadata): string {
  const { mpp } = metadata;
  const rows: [string, string][] = [
    ['name', metadata.name],
    ['format', metadata.format],
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
    ...metadata.associated.map(({ name, width, height }): [string, string] => [name, `${width} × ${height}`]),
  ];
  return rows.map(([key, value]) => `${key.padEnd(14)}${value}\n`).join('');
}

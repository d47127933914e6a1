/** Writes a phantom as files: slide, annotations, mask and a JSON note that describes them. */
import { lstat, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileSet } from '../base/file-set.node.ts';
import { lockOf, withOutputLock } from '../base/output-lock.node.ts';
import { writeImageScope } from '../annotation/write-imagescope.ts';
import { sharpJpeg } from '../slide/tiff-writer/sharp-jpeg.node.ts';
import { TiffWriter, type ByteSink, type TiffWriterOptions } from '../slide/tiff-writer/tiff-writer.ts';
import { zlibDeflate } from '../slide/tiff-writer/zlib-deflate.node.ts';
import { createPhantom, phantomClassNames, type Phantom } from './phantom.ts';
import { renderClasses, renderRgb } from './render.ts';

export interface WritePhantomOptions {
  readonly directory: string;
  readonly seed: number;
  readonly widthMm: number;
  readonly heightMm: number;
  /** µm per pixel of the slide. */
  readonly mpp: number;
  /** µm per pixel of the mask, at least `mpp`. */
  readonly maskMpp: number;
  /** JPEG quality, 1 to 100. */
  readonly quality: number;
  /** File name without extension; `phantom-<seed>` when absent. */
  readonly name?: string;
  /**
   * `svs`: a slide that readers take for one of Aperio's: tiles of 240 pixels, levels of 1/4/16, Aperio's
   * description. With its ImageScope XML it has the layout of BACH part B. `tif` when absent.
   */
  readonly format?: PhantomFormat;
  /** Fraction done, 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

export type PhantomFormat = 'tif' | 'svs';

/** The contents of `phantom-<seed>.json`. It is written last: if it exists, the slide is complete. */
export interface PhantomNote {
  readonly version: number;
  readonly seed: number;
  readonly slide: string;
  readonly annotations: string;
  /**
   * 8-bit grey TIFF whose values are class indices; its pixel (i, j) is the class at ((i + ½), (j + ½)) ·
   * maskMpp µm.
   */
  readonly mask: string;
  /** Size of the slide in level-0 pixels, and of the mask. */
  readonly width: number;
  readonly height: number;
  readonly maskWidth: number;
  readonly maskHeight: number;
  /** µm per pixel. */
  readonly mpp: number;
  readonly maskMpp: number;
  readonly quality: number;
  readonly classes: readonly string[];
  /** Fraction of the mask's area per class. */
  readonly shares: readonly number[];
}

/** Increase when the drawing changes, so that slides drawn by older versions are regenerated. */
export const phantomVersion = 4;

const tifTileSize = 512;
const svsTileSize = 240;
const maskTileSize = 512;

/**
 * Writes one slide's four files, or keeps them if they are complete and from the same version. Returns the
 * note and whether anything was written. Waits for another process that writes the same slide.
 */
export function writePhantom(options: WritePhantomOptions): Promise<{ note: PhantomNote; isNew: boolean }> {
  const name = options.name ?? `phantom-${options.seed}`;
  return withOutputLock(lockOf(join(options.directory, name)), () => writeLocked(options, name), {
    onWait: () => undefined,
  });
}

async function writeLocked(
  options: WritePhantomOptions,
  name: string,
): Promise<{ note: PhantomNote; isNew: boolean }> {
  const { directory, seed, mpp, maskMpp, quality } = options;
  const width = Math.round((options.widthMm * 1000) / mpp);
  const height = Math.round((options.heightMm * 1000) / mpp);
  const maskWidth = Math.round((width * mpp) / maskMpp);
  const maskHeight = Math.round((height * mpp) / maskMpp);
  const wanted = {
    version: phantomVersion,
    seed,
    slide: `${name}.${options.format ?? 'tif'}`,
    annotations: `${name}.xml`,
    mask: `${name}-mask.tif`,
    width,
    height,
    maskWidth,
    maskHeight,
    mpp,
    maskMpp,
    quality,
    classes: phantomClassNames,
  };
  const notePath = join(directory, `${name}.json`);
  const files = [wanted.slide, wanted.annotations, wanted.mask].map((file) => join(directory, file));
  const [slidePath = '', annotationsPath = '', maskPath = ''] = files;
  const set = await FileSet.open(join(directory, `${name}.commit`), [...files, notePath]);
  const old = await readNote(notePath);
  if (
    old &&
    Object.entries(wanted).every(
      ([k, v]) => JSON.stringify(old[k as keyof PhantomNote]) === JSON.stringify(v),
    )
  ) {
    if (await allExist(files)) return { note: old, isNew: false };
  }
  if (old === null) await rejectForeign([...files, notePath]);

  const phantom = createPhantom({
    seed,
    widthUm: options.widthMm * 1000,
    heightUm: options.heightMm * 1000,
  });
  try {
    await writeSlide(phantom, await set.create(slidePath), width, height, options);
    const scaled = phantom.regions.map(({ classIndex, polygonUm }) => ({
      label: capitalised(phantomClassNames[classIndex]!),
      points: polygonUm.map((um) => um / mpp),
    }));
    await set.add(annotationsPath, writeImageScope(scaled, mpp));
    const shares = await writeMask(phantom, await set.create(maskPath), maskWidth, maskHeight, maskMpp);
    const note: PhantomNote = { ...wanted, shares };
    await set.add(notePath, `${JSON.stringify(note, null, 2)}\n`);
    await set.commit();
    return { note, isNew: true };
  } catch (error) {
    await set.discard();
    throw error;
  }
}

/** Without a note, whatever has the name of a slide is someone else's, unless it is empty. */
async function rejectForeign(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const info = await lstat(file).catch(() => null);
    if (info === null || (info.isFile() && info.size === 0)) continue;
    throw new Error(`${file}: A file that is no phantom is in the way. Move it, or set another --out.`);
  }
}

/** The note of a phantom, of this version or an earlier one; null if there is none. */
async function readNote(path: string): Promise<PhantomNote | null> {
  try {
    const note = JSON.parse(await readFile(path, 'utf8')) as Partial<PhantomNote> | null;
    const isNote =
      typeof note?.version === 'number' && typeof note.seed === 'number' && note.slide !== undefined;
    return isNote ? (note as PhantomNote) : null;
  } catch {
    return null;
  }
}

async function allExist(files: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    files.map((file) =>
      stat(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

async function writeSlide(
  phantom: Phantom,
  sink: ByteSink,
  width: number,
  height: number,
  { mpp, quality, format, onProgress }: WritePhantomOptions,
): Promise<void> {
  const isSvs = format === 'svs';
  const facts = `Seed = ${phantom.seed}|MPP = ${mpp}|AppMag = ${Math.round(10 / mpp)}`;
  const tileSize = isSvs ? svsTileSize : tifTileSize;
  const settings: TiffWriterOptions = {
    sink,
    width,
    height,
    tileSize,
    ...(isSvs ? { factor: 4, levelsFillTile: true } : {}),
    colour: 'rgb',
    compression: { kind: 'jpeg', encoder: sharpJpeg(quality) },
    reduce: 'average',
    mpp,
    description: isSvs ? aperioDescription(width, height, facts) : `Dualscope phantom|${facts}`,
    software: 'Dualscope',
  };
  const writer = new TiffWriter(settings);
  const rgb = new Uint8Array(tileSize * tileSize * 3);
  const rgba = new Uint8ClampedArray(tileSize * tileSize * 4);
  const side = tileSize * mpp;
  for (let row = 0; row < writer.rows; row++) {
    for (let column = 0; column < writer.columns; column++) {
      const rect = { x: column * side, y: row * side, width: side, height: side };
      const { data } = renderRgb(phantom, rect, tileSize, tileSize, rgba);
      for (let from = 0, to = 0; to < rgb.length; from += 4) {
        rgb[to++] = data[from]!;
        rgb[to++] = data[from + 1]!;
        rgb[to++] = data[from + 2]!;
      }
      await writer.pushTile(rgb);
      onProgress?.((row * writer.columns + column + 1) / (writer.rows * writer.columns));
    }
  }
  await writer.finish();
}

/** Starts like Aperio's, which is how readers recognise the format, and says that no scanner made it. */
function aperioDescription(width: number, height: number, facts: string): string {
  const size = `${width}x${height} (${svsTileSize}x${svsTileSize})`;
  return `Aperio Image Library (Dualscope phantom, no scan)\r\n${size} JPEG/YCbCr|${facts}`;
}

async function writeMask(
  phantom: Phantom,
  sink: ByteSink,
  width: number,
  height: number,
  maskMpp: number,
): Promise<number[]> {
  const counts = [0, 0, 0, 0];
  const writer = new TiffWriter({
    sink,
    width,
    height,
    tileSize: maskTileSize,
    colour: 'grey',
    compression: { kind: 'deflate', deflate: zlibDeflate },
    reduce: 'nearest',
    mpp: maskMpp,
    description: `Dualscope phantom mask|Seed = ${phantom.seed}`,
    software: 'Dualscope',
  });
  const side = maskTileSize * maskMpp;
  for (let row = 0; row < writer.rows; row++) {
    for (let column = 0; column < writer.columns; column++) {
      const rect = { x: column * side, y: row * side, width: side, height: side };
      const tile = renderClasses(phantom, rect, maskTileSize, maskTileSize);
      const usedWidth = Math.min(maskTileSize, width - column * maskTileSize);
      const usedHeight = Math.min(maskTileSize, height - row * maskTileSize);
      for (let y = 0; y < usedHeight; y++) {
        for (let x = 0; x < usedWidth; x++) counts[tile[y * maskTileSize + x]!]!++;
      }
      await writer.pushTile(tile);
    }
  }
  await writer.finish();
  return counts.map((count) => count / (width * height));
}

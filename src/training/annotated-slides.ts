/**
 * A folder of slides with ImageScope XML of the same name beside them, prepared for training: read whole at
 * the slice's resolution through the same reader as the app, classes rasterised at the same scale.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { rasterise, type ClassPolygon } from '../annotation/rasterise.ts';
import { readImageScope } from '../annotation/read-imagescope.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { openSlide } from '../slide/open-slide.ts';
import { pathByteSource } from '../slide/path-byte-source.node.ts';
import { readRegion } from '../slide/region.ts';
import type { Slide, SlideMpp } from '../slide/slide.ts';
import type { LabelledImage } from './labelled-image.ts';

const SLIDE_ENDINGS = new Set(['.svs', '.tif', '.tiff']);
/** Rows of the result that are read at once: bounds the memory of a read. */
const STRIP = 512;

export interface AnnotatedSlideFiles {
  readonly slide: string;
  readonly annotations: string;
}

/**
 * Slides of a folder that have an XML beside them, by name.
 * @throws Error when there is none.
 */
export async function findAnnotatedSlides(folder: string): Promise<AnnotatedSlideFiles[]> {
  const names = await readdir(folder);
  const xml = new Set(names.filter((name) => extname(name).toLowerCase() === '.xml'));
  const found = names
    .filter((name) => SLIDE_ENDINGS.has(extname(name).toLowerCase()))
    .map((name) => ({ slide: name, annotations: `${basename(name, extname(name))}.xml` }))
    .filter(({ annotations }) => xml.has(annotations))
    .sort((a, b) => a.slide.localeCompare(b.slide))
    .map(({ slide, annotations }) => ({
      slide: join(folder, slide),
      annotations: join(folder, annotations),
    }));
  if (found.length === 0) {
    throw new Error(
      `${folder}: no slide (.svs, .tif) with an ImageScope .xml of the same name. Give the folder that holds both.`,
    );
  }
  return found;
}

/**
 * Reads a slide at `umPerPx` with its classes.
 * @throws SlideError, AnnotationError; Error when the slide does not say its µm per pixel.
 */
export async function loadAnnotatedSlide(
  files: AnnotatedSlideFiles,
  umPerPx: number,
  classNames: readonly string[],
): Promise<LabelledImage> {
  const platform = nodePlatform();
  const slide = await openSlide([await pathByteSource(files.slide)], platform);
  try {
    const mpp = knownMpp(slide);
    const width = Math.floor((slide.metadata.width * mpp.x) / umPerPx);
    const height = Math.floor((slide.metadata.height * mpp.y) / umPerPx);
    const rgb = await readRgb(slide, mpp, umPerPx, width, height);
    const polygons = readAnnotations(
      await readFile(files.annotations, 'utf8'),
      files.annotations,
      classNames,
    );
    const area = { x: 0, y: 0, width: (width * umPerPx) / mpp.x, height: (height * umPerPx) / mpp.y };
    const classes = rasterise(polygons, area, width, height);
    return { name: slide.metadata.name, width, height, umPerPx, rgb, classes };
  } finally {
    slide.close();
  }
}

async function readRgb(
  slide: Slide,
  mpp: SlideMpp,
  umPerPx: number,
  width: number,
  height: number,
): Promise<Uint8Array> {
  const { decoder } = nodePlatform();
  const rgb = new Uint8Array(width * height * 3);
  for (let top = 0; top < height; top += STRIP) {
    const rows = Math.min(STRIP, height - top);
    const rect = {
      x: 0,
      y: (top * umPerPx) / mpp.y,
      width: (width * umPerPx) / mpp.x,
      height: (rows * umPerPx) / mpp.y,
    };
    const { data } = await readRegion(slide, rect, width, rows, { decoder });
    for (let i = 0, to = top * width * 3; i < data.length; i += 4, to += 3) {
      rgb[to] = data[i]!;
      rgb[to + 1] = data[i + 1]!;
      rgb[to + 2] = data[i + 2]!;
    }
  }
  return rgb;
}

function readAnnotations(xml: string, file: string, classNames: readonly string[]): ClassPolygon[] {
  return readImageScope(xml, file, classNames);
}

function knownMpp({ metadata }: Slide): SlideMpp {
  if (metadata.mpp === null) {
    throw new Error(`${metadata.name}: the slide does not say its µm per pixel. Training needs it.`);
  }
  return metadata.mpp;
}

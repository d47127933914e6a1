/**
 * Makes the demo slide of real tissue with its ground truth: a mosaic of EBHI-Seg tiles (Shi et al. 2023, CC BY 4.0) of
 * patients of one fold. No shipped model was trained on them.
 *
 *     npx tsx studies/colon-mosaic.ts [../shared/data/ebhi] [public/slides]
 *
 * Each square block consists of four tiles of one piece of tissue and one diagnosis. Blocks are placed on glass in an
 * order that does not reveal their class. The pixel size is assumed (src/training/study/studies.ts).
 */
import path from 'node:path';
import { tracePolygons } from '../src/annotation/trace-polygons.ts';
import { geoJsonFile } from '../src/annotation/write-geojson.ts';
import { replaceFile, writePart, type PartFile } from '../src/base/replace-file.node.ts';
import { mulberry32 } from '../src/runtime/variables.ts';
import { sharpJpeg } from '../src/slide/tiff-writer/sharp-jpeg.node.ts';
import { TiffWriter } from '../src/slide/tiff-writer/tiff-writer.ts';
import { ebhiMpp as MPP } from '../src/training/study/studies.ts';
import {
  DEMO_FOLD,
  EBHI_CLASSES as CLASSES,
  EBHI_TILE as TILE,
  readEbhiIndex,
  readEbhiTile,
} from './ebhi-seg.ts';

const NAME = 'colon-mosaic';
/** Tiles along a block's side, glass around it, blocks across and down. */
const SIDE = 2;
const GLASS = 56;
const [COLUMNS, ROWS] = [6, 4];
const PITCH = SIDE * TILE + 2 * GLASS;
const JPEG_QUALITY = 85;
/** Tolerance of simplified outlines, pixels. */
const TOLERANCE = 0.8;
const SEED = 1;
const WRITTEN_TILE = 256;

const CREDIT =
  'EBHI-Seg, Shi et al. 2023 (doi 10.3389/fmed.2023.1114673), CC BY 4.0. Tiles put together by Dualscope.';
const DESCRIPTION =
  'Mosaic of EBHI-Seg tiles, no slide: blocks of colon tissue of several patients on painted glass. ' +
  `The size of a pixel is assumed, not measured|MPP = ${String(MPP)}`;

interface Block {
  /** Index into CLASSES, plus 1. */
  readonly classIndex: number;
  readonly files: readonly string[];
}

const [data = '../shared/data/ebhi', out = 'public/slides'] = process.argv.slice(2);
const index = await readEbhiIndex(data);
const random = mulberry32(SEED);
const blocks = shuffled(CLASSES.flatMap((_, c) => blocksOf(c + 1, (COLUMNS * ROWS) / CLASSES.length)));
const [width, height] = [COLUMNS * PITCH, ROWS * PITCH];
const rgb = Buffer.alloc(width * height * 3, 243);
const classes = new Uint8Array(width * height);
for (const [i, block] of blocks.entries()) {
  const left = (i % COLUMNS) * PITCH + GLASS;
  const top = Math.floor(i / COLUMNS) * PITCH + GLASS;
  for (const [k, file] of block.files.entries()) {
    await paintTile(file, block.classIndex, left + (k % SIDE) * TILE, top + Math.floor(k / SIDE) * TILE);
  }
}
await writePart(path.join(out, `${NAME}.tif`), writeSlide);
const polygons = tracePolygons(classes, width, { isTraced: (value) => value > 0, tolerance: TOLERANCE });
const features = polygons
  .filter(({ outer }) => outer.length >= 6)
  .map((polygon) => ({ polygon: rounded(polygon), of: CLASSES[polygon.classValue - 1] ?? null }));
await replaceFile(path.join(out, `${NAME}.geojson`), geoJsonFile(features));
process.stdout.write(`${path.join(out, NAME)}: ${width} × ${height} pixels, ${features.length} regions\n`);

/** Blocks of one class: its diagnoses take turns, and no piece of tissue is used twice. */
function blocksOf(classIndex: number, count: number): Block[] {
  const queues = (CLASSES[classIndex - 1]?.values ?? []).map((value) => {
    const slides = new Map<string, string[]>();
    for (const { file, slide } of index.filter(
      (row) => row.spellingFold === DEMO_FOLD && row.class_id7 === value,
    )) {
      slides.set(slide, [...(slides.get(slide) ?? []), file]);
    }
    return shuffled([...slides.values()].filter((files) => files.length >= SIDE ** 2));
  });
  const found: Block[] = [];
  while (found.length < count && queues.some((queue) => queue.length > 0)) {
    for (const queue of queues) {
      const files = queue.shift();
      if (files !== undefined && found.length < count) {
        found.push({ classIndex, files: shuffled(files).slice(0, SIDE ** 2) });
      }
    }
  }
  if (found.length < count) throw new Error(`${data}: too few tiles of class ${String(classIndex)}.`);
  return found;
}

async function paintTile(file: string, classIndex: number, left: number, top: number): Promise<void> {
  const { rgb: pixels, isClass } = await readEbhiTile(data, file);
  for (let y = 0; y < TILE; y++) {
    pixels.copy(rgb, ((top + y) * width + left) * 3, y * TILE * 3, (y + 1) * TILE * 3);
    for (let x = 0; x < TILE; x++) {
      if (isClass(x, y)) classes[(top + y) * width + left + x] = classIndex;
    }
  }
}

async function writeSlide(sink: PartFile): Promise<void> {
  const writer = new TiffWriter({
    sink,
    width,
    height,
    tileSize: WRITTEN_TILE,
    colour: 'rgb',
    compression: { kind: 'jpeg', encoder: sharpJpeg(JPEG_QUALITY) },
    reduce: 'average',
    mpp: MPP,
    description: DESCRIPTION,
    copyright: CREDIT,
    software: 'Dualscope',
  });
  const tile = Buffer.alloc(WRITTEN_TILE * WRITTEN_TILE * 3);
  for (let row = 0; row < writer.rows; row++) {
    for (let column = 0; column < writer.columns; column++) {
      tile.fill(243);
      const used = Math.min(WRITTEN_TILE, width - column * WRITTEN_TILE);
      for (let y = 0; y < Math.min(WRITTEN_TILE, height - row * WRITTEN_TILE); y++) {
        const from = ((row * WRITTEN_TILE + y) * width + column * WRITTEN_TILE) * 3;
        rgb.copy(tile, y * WRITTEN_TILE * 3, from, from + used * 3);
      }
      await writer.pushTile(tile);
    }
  }
  await writer.finish();
}

/** Rounds corners to tenths of a pixel, which halves the file. */
function rounded({ outer, holes }: { outer: readonly number[]; holes: readonly (readonly number[])[] }): {
  outer: number[];
  holes: number[][];
} {
  const round = (ring: readonly number[]): number[] => ring.map((value) => Math.round(value * 10) / 10);
  return { outer: round(outer), holes: holes.map(round) };
}

/** Shuffles by the seed (Fisher and Yates). */
function shuffled<T>(items: readonly T[]): T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j] as T, mixed[i] as T];
  }
  return mixed;
}

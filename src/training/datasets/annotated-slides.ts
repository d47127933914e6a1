/**
 * A folder of slides with annotation files of the same name: BACH part B (ImageScope XML), phantom slides,
 * slides annotated in any format that the app reads.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Rect } from '../../base/rect.ts';
import {
  AnnotationError,
  classOfLabel,
  requireAllRegions,
  type AnnotatedSlide,
  type AnnotationFile,
} from '../../annotation/annotation-file.ts';
import { decodeText } from '../../annotation/annotation-text.ts';
import { type ClassPolygon, rasterise } from '../../annotation/rasterise.ts';
import { classOfMaskValue } from '../../annotation/mask-values.ts';
import { readAnnotationFile } from '../../annotation/read-annotation-file.ts';
import { isImageScope, parseImageScope, readImageScope } from '../../annotation/read-imagescope.ts';
import { doubtsOf } from '../../annotation/slide-match.ts';
import { readTissue } from '../../segment/tissue.ts';
import { slideReader } from '../../segment/slice-reader.ts';
import { nodePlatform } from '../../slide/node-platform.node.ts';
import { type ClassesIn, DatasetError, type DatasetItem, type DatasetOptions, openImage } from './dataset.ts';

const slideEndings = new Set(['.svs', '.tif', '.tiff', '.ndpi']);
/** In order of preference. */
const annotationEndings = [
  ...['.xml', '.annotations', '.geojson', '.geojson.gz', '.json', '.json.gz', '.ndpa', '.ndpi.ndpa', '.dcm'],
  ...['_mask.png', '.mask.png', '_mask.tif', '.mask.tif'],
];

/**
 * The slides that have annotations, in order of their names. Slides without annotations are skipped, like the
 * test slides of BACH. Unannotated areas are class 0 (DESIGN 4). Each slide counts as a patient.
 * @throws DatasetError when there is none, or two slides have the same name.
 */
export async function annotatedSlides(folder: string, options: DatasetOptions): Promise<DatasetItem[]> {
  const names = await readdir(folder);
  const known = new Map(names.map((name) => [name.toLowerCase(), name]));
  const found = names
    .filter((name) => slideEndings.has(extname(name).toLowerCase()))
    .flatMap((slide) => {
      const name = basename(slide, extname(slide));
      const endings = annotationEndings.map((ending) => known.get(`${name}${ending}`.toLowerCase()));
      const annotations = endings.find((file) => file !== undefined);
      return annotations === undefined ? [] : [{ name, slide, annotations }];
    })
    .sort((a, b) => a.slide.localeCompare(b.slide));
  if (found.length === 0) {
    throw new DatasetError(
      folder,
      'It contains no slide (.svs, .tif, .ndpi) with annotations of the same name (.xml, .geojson, .json, .ndpa, .dcm, _mask.png), and no index.csv.',
      'Choose a folder with slides and their annotations.',
    );
  }
  const twice = found.find(({ name }, i) => found[i + 1]?.name === name);
  if (twice !== undefined) {
    throw new DatasetError(
      folder,
      `Two slides are called "${twice.name}", so it is unclear which one the annotations belong to.`,
      'Move one of them to another folder.',
    );
  }
  return found.map(({ name, slide, annotations }) =>
    annotatedSlide(folder, name, slide, annotations, options),
  );
}

function annotatedSlide(
  folder: string,
  name: string,
  slide: string,
  annotations: string,
  options: DatasetOptions,
): DatasetItem {
  const { mpp, tissueOnly } = options;
  const image = join(folder, slide);
  const truth = async (): Promise<ClassesIn> => {
    const metadata = await metadataOf(image);
    const file = join(folder, annotations);
    const polygons = await readPolygons(file, metadata, options);
    const { width: right, height: bottom } = metadata;
    return (rect, width, height) => {
      const mask = rasterise(polygons, rect, width, height);
      clearOutside(mask, rect, width, height, right, bottom);
      return mask;
    };
  };
  const open = (): ReturnType<typeof openImage> => openImage(image);
  const item: DatasetItem = { name, image, mpp, patient: name, weight: 1, open, truth };
  if (tissueOnly !== true) return item;
  return {
    ...item,
    counted: async () => {
      const [tissue, classesIn] = [await tissueReader(item), await truth()];
      return (rect, width, height) => {
        // Annotated regions count even where they are too pale to be recognised as tissue.
        const classes = classesIn(rect, width, height);
        return tissue(rect, width, height).map((value, i) => value | Number(classes[i] !== 0));
      };
    },
  };
}

/**
 * @throws AnnotationError when the file or one of its regions can't be read, no region lies on the slide, or a region's label is
 *   no class: if it were skipped, it would count as background.
 */
async function readPolygons(
  file: string,
  slide: AnnotatedSlide,
  { classNames, classOfValue, warn }: Pick<DatasetOptions, 'classNames' | 'classOfValue' | 'warn'>,
): Promise<ClassPolygon[]> {
  const bytes = new Uint8Array(await readFile(file));
  const text = /\.xml$/i.test(file) ? decodeText(bytes) : '';
  if (isImageScope(text)) {
    // As in BACH: the label of the region, never the name of its layer.
    const polygons = readImageScope(text, file, classNames);
    checkPlace(file, doubtsOf(polygons, parseImageScope(text, file).mpp, slide), polygons.length, warn);
    return polygons;
  }
  const { format, regions, refused, notes, ...place } = await readAnnotationFile(bytes, file, slide);
  requireAllRegions(refused, file);
  for (const note of notes) warn?.(`${file}: ${note}`);
  checkPlace(file, place, regions.length, warn);
  return regions.map(({ id, label, outer, holes }) => {
    const classIndex =
      format === 'mask' ? classOfMaskValue(label, classNames, classOfValue) : classOfLabel(label, classNames);
    if (classIndex === null) {
      throw new AnnotationError(
        file,
        `Region ${id} has the unknown label "${label}".`,
        `Known labels: ${classNames.join(', ')}.`,
      );
    }
    return { classIndex, outer, holes };
  });
}

/** @throws AnnotationError when no region lies on the slide. */
function checkPlace(
  file: string,
  { doubts, offSlide }: Pick<AnnotationFile, 'doubts' | 'offSlide'>,
  count: number,
  warn: DatasetOptions['warn'],
): void {
  const remedy = 'Check that the annotations were made on this slide, at its full resolution.';
  if (count > 0 && offSlide === count) throw new AnnotationError(file, doubts.join(' '), remedy);
  for (const doubt of doubts) warn?.(`${file}: ${doubt} ${remedy}`);
}

async function metadataOf(image: string): Promise<AnnotatedSlide> {
  const slide = await openImage(image);
  slide.close();
  return slide.metadata;
}

/** Sets pixels to 0 whose centres are not on the slide: regions may cross its border. */
function clearOutside(
  mask: Uint8Array,
  rect: Rect,
  width: number,
  height: number,
  right: number,
  bottom: number,
): void {
  const isInside = (at: number, size: number): boolean => at >= 0 && at < size;
  const columns = Array.from({ length: width }, (_, i) => rect.x + ((i + 0.5) * rect.width) / width);
  const off = columns.flatMap((x, column) => (isInside(x, right) ? [] : [column]));
  for (let row = 0; row < height; row++) {
    const line = mask.subarray(row * width, (row + 1) * width);
    if (!isInside(rect.y + ((row + 0.5) * rect.height) / height, bottom)) line.fill(0);
    else for (const column of off) line[column] = 0;
  }
}

/** Slice size for which the tissue mask is made, level-0 pixels. */
const cellPx = 1000;

/**
 * Tissue as the app finds it: 1 on tissue, 0 on glass and outside the image. If the image has no level small
 * enough for a mask, all of it counts as tissue.
 * @throws SlideError when the image can't be read.
 */
export async function tissueReader(item: Pick<DatasetItem, 'open'>): Promise<ClassesIn> {
  const slide = await item.open();
  try {
    const { metadata } = slide;
    const reader = slideReader(slide, nodePlatform());
    const mask = await readTissue(reader, metadata, cellPx, new AbortController().signal);
    return (rect, outWidth, outHeight) => {
      const out = new Uint8Array(outWidth * outHeight);
      for (let row = 0; row < outHeight; row++) {
        const y = rect.y + ((row + 0.5) * rect.height) / outHeight;
        if (y < 0 || y >= metadata.height) continue;
        for (let column = 0; column < outWidth; column++) {
          const x = rect.x + ((column + 0.5) * rect.width) / outWidth;
          if (x < 0 || x >= metadata.width) continue;
          out[row * outWidth + column] =
            mask === null
              ? 1
              : (mask.tissue[Math.floor(y / mask.scaleY) * mask.width + Math.floor(x / mask.scaleX)] ?? 0);
        }
      }
      return out;
    };
  } finally {
    slide.close();
  }
}

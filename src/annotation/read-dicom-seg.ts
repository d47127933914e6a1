/** DICOM segmentations of whole slides (PS3.3 A.51, A.90): binary, fractional and label maps, tiled. */
import type { DataSet } from 'dicom-parser';
import { binaryOf, itemsOf, textOf } from '../slide/dicom/data-set.ts';
import { AnnotationError, type AnnotatedSlide, type AnnotationFile } from './annotation-file.ts';
import { checkReference, codeMeaning, labelReader, sharedSpacing } from './dicom-reference.ts';
import type { SegFrame, SegFrames } from './dicom-seg-frames.ts';
import { RegionList } from './region-list.ts';
import { reductionOf } from './slide-match.ts';
import { slideOnGlass } from './slide-on-glass.ts';
import { maskTracer, TraceBudget, type MaskClass, type MaskPlacement } from './traced-mask.ts';

/** Where a segmentation lies on the slide, in level-0 pixels. */
type Placement = Omit<MaskPlacement, 'right' | 'bottom'>;

/**
 * The pieces of each segment as regions along the pixels' edges, labelled by the segment. Of a fractional segmentation, pixels
 * count from half of the maximum on.
 * @param file the file's name, for messages.
 * @throws AnnotationError, SlideError when the pixels can't be read or placed on the slide, or there are none.
 */
export async function readDicomSeg(
  data: DataSet,
  frames: SegFrames,
  file: string,
  slide: AnnotatedSlide | null,
  frameSpacing: { readonly x: number; readonly y: number } | null,
): Promise<AnnotationFile> {
  const list = new RegionList('dicom-seg', file);
  checkReference(data, slide, list);
  if (frames.threshold !== null) {
    list.note(`It is fractional: pixels were taken from ${frames.threshold} on, half of its maximum.`);
  }
  const spacing = sharedSpacing(data) ?? inMicrons(frameSpacing);
  const placement = slide === null ? unplaced : placementOf(data, frames, { file, slide, spacing, list });
  const classes = segmentClasses(data);
  const budget = new TraceBudget(file);
  const bySegment = new Map<number, SegFrame[]>();
  for (const frame of frames.frames) {
    const own = bySegment.get(frame.segment);
    if (own === undefined) bySegment.set(frame.segment, [frame]);
    else own.push(frame);
  }
  for (const [segment, own] of bySegment) {
    const classOf = (value: number): MaskClass | null =>
      classes.get(frames.isLabelMap ? value : segment) ?? null;
    for (const band of bandsOf(own, frames))
      await traceBand(band, { frames, placement, budget, list, classOf });
  }
  return list.done();
}

const unplaced: Placement = { left: 0, top: 0, scaleX: 1, scaleY: 1 };

const inMicrons = (
  spacing: { readonly x: number; readonly y: number } | null,
): { readonly x: number; readonly y: number } | null =>
  spacing === null ? null : { x: spacing.x * 1000, y: spacing.y * 1000 };

/** Labels by segment number: the segment's own, else the meaning of its type. */
function segmentClasses(data: DataSet): Map<number, MaskClass> {
  const label = labelReader(data);
  return new Map(
    itemsOf(data, 'x00620002').map((segment) => {
      const number = binaryOf(segment, 'x00620004', 'uint16') ?? 0;
      const name = label(segment, 'x00620005') || codeMeaning(segment, 'x0062000f', label);
      return [number, { id: `segment ${number}`, label: name, colour: null }];
    }),
  );
}

interface PlacementContext {
  readonly file: string;
  readonly slide: AnnotatedSlide;
  /** µm per pixel of the segmentation; null where it does not say. */
  readonly spacing: { readonly x: number; readonly y: number } | null;
  readonly list: RegionList;
}

/** Ratios of pixel sizes that differ from a whole number by less than this share are rounded: they are written in few digits. */
const ratioTolerance = 0.005;

/** @throws AnnotationError where neither sizes nor pixel sizes tell. */
function placementOf(
  data: DataSet,
  { width, height }: SegFrames,
  { file, slide, spacing, list }: PlacementContext,
): Placement {
  const whole = reductionOf(width, height, slide);
  const ratios =
    spacing === null || slide.mpp === null
      ? null
      : { x: snapped(spacing.x / slide.mpp.x), y: snapped(spacing.y / slide.mpp.y) };
  const sizes = `It has ${width} × ${height} pixels, and ${slide.name} ${slide.width} × ${slide.height}`;
  if (whole === null && ratios === null) {
    throw new AnnotationError(
      file,
      `${sizes}, which is no whole multiple, and the pixel size of one of them is not known.`,
      'Choose the segmentation of this slide.',
    );
  }
  if (whole !== null && ratios !== null && Math.abs(ratios.x / whole - 1) > 0.05) {
    list.doubt(`${sizes}, but its pixels are ${ratios.x.toPrecision(3)} times as large.`);
  }
  const scaleX = whole ?? ratios?.x ?? 1;
  const scaleY = whole ?? ratios?.y ?? 1;
  const [left, top] = originOf(data, slide, scaleX, scaleY);
  if (whole === null) {
    const [wide, high] = [Math.round(width * scaleX), Math.round(height * scaleY)];
    const fits = Math.abs(wide / slide.width - 1) < 0.02 && Math.abs(high / slide.height - 1) < 0.02;
    if (!fits)
      list.doubt(`It covers ${wide} × ${high} pixels; ${slide.name} has ${slide.width} × ${slide.height}.`);
  }
  return { left, top, scaleX, scaleY };
}

function snapped(ratio: number): number {
  const whole = Math.round(ratio);
  return whole >= 1 && Math.abs(ratio / whole - 1) < ratioTolerance ? whole : ratio;
}

/** Where its top left lies; 0, 0 where it begins with the slide, by a pixel, or does not say. */
function originOf(
  data: DataSet,
  slide: AnnotatedSlide,
  scaleX: number,
  scaleY: number,
): readonly [number, number] {
  const glass = slideOnGlass(slide);
  const [origin] = itemsOf(data, 'x00480008');
  if (glass === null || origin === undefined) return [0, 0];
  const [mmX, mmY] = [Number(textOf(origin, 'x0040072a') || NaN), Number(textOf(origin, 'x0040073a') || NaN)];
  if (!Number.isFinite(mmX) || !Number.isFinite(mmY)) return [0, 0];
  const [x, y] = glass.toPixels(mmX, mmY);
  const [left, top] = [x - scaleX / 2, y - scaleY / 2];
  return Math.abs(left) <= scaleX && Math.abs(top) <= scaleY ? [0, 0] : [left, top];
}

/** Frames of one segment without a gap between their rows: no piece reaches from one band into another. */
interface Band {
  readonly frames: readonly SegFrame[];
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function bandsOf(frames: readonly SegFrame[], { frameWidth, frameHeight, width, height }: SegFrames): Band[] {
  const bands: Band[] = [];
  const sorted = frames.filter(({ left, top }) => left < width && top < height).sort((a, b) => a.top - b.top);
  for (const frame of sorted) {
    const edges = {
      left: frame.left,
      top: frame.top,
      right: Math.min(width, frame.left + frameWidth),
      bottom: Math.min(height, frame.top + frameHeight),
    };
    const last = bands.at(-1);
    if (last === undefined || frame.top > last.bottom) bands.push({ ...edges, frames: [frame] });
    else {
      (last.frames as SegFrame[]).push(frame);
      bands[bands.length - 1] = {
        frames: last.frames,
        left: Math.min(last.left, edges.left),
        top: last.top,
        right: Math.max(last.right, edges.right),
        bottom: Math.max(last.bottom, edges.bottom),
      };
    }
  }
  return bands;
}

interface BandContext {
  readonly frames: SegFrames;
  readonly placement: Placement;
  readonly budget: TraceBudget;
  readonly list: RegionList;
  readonly classOf: (value: number) => MaskClass | null;
}

/** Reads a band strip by strip, each as high as a frame. */
async function traceBand(
  band: Band,
  { frames, placement, budget, list, classOf }: BandContext,
): Promise<void> {
  const { frameWidth, frameHeight } = frames;
  const width = band.right - band.left;
  budget.spend(width * (band.bottom - band.top));
  const tracer = maskTracer(
    list,
    {
      ...placement,
      left: placement.left + band.left * placement.scaleX,
      top: placement.top + band.top * placement.scaleY,
      right: Infinity,
      bottom: Infinity,
    },
    classOf,
  );
  const strip = new Uint8Array(width * frameHeight);
  let from = 0;
  for (let top = band.top; top < band.bottom; top += frameHeight) {
    const bottom = Math.min(band.bottom, top + frameHeight);
    strip.fill(0);
    while (from < band.frames.length && (band.frames[from]?.top ?? 0) + frameHeight <= top) from++;
    for (let i = from; i < band.frames.length; i++) {
      const frame = band.frames[i];
      if (frame === undefined || frame.top >= bottom) break;
      const values = await frames.values(frame.index);
      const wide = Math.min(frameWidth, band.right - frame.left);
      for (let y = Math.max(top, frame.top); y < Math.min(bottom, frame.top + frameHeight); y++) {
        const line = (y - frame.top) * frameWidth;
        const to = (y - top) * width + frame.left - band.left;
        for (let x = 0; x < wide; x++) {
          const value = values[line + x] ?? 0;
          if (value !== 0) strip[to + x] = value;
        }
      }
    }
    for (let y = top; y < bottom; y++) tracer.row(strip.subarray((y - top) * width, (y - top + 1) * width));
  }
  tracer.finish();
}

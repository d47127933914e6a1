/**
 * Places the slices of a slide and assigns their contexts.
 *
 * A grid of equal cells covers the slide from its top left corner, so that slide, model and overlap determine the slices,
 * independent of the requested area. A slice is its cell plus a margin on each side (none without overlap). Results are
 * emitted by cell and never overlap; `stitch.ts` blends slices where they overlap.
 * Slices that share a context form a `region`, whose context features are computed once.
 */
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SliceInContext } from '../runtime/segmenter.ts';
import type { Level0Rect } from '../slide/slide.ts';

export interface PlannedSlice {
  /** Position in `plan.slices`. */
  readonly index: number;
  /** Position in the grid. */
  readonly column: number;
  readonly row: number;
  /** The part of the slide that this slice's result covers. */
  readonly cell: Level0Rect;
  /** The network's input: the cell and its margin. */
  readonly rect: Level0Rect;
  /** Position in `plan.regions`. */
  readonly region: number;
  /** The slice's square within its context's; null without context. */
  readonly sliceInContext: SliceInContext | null;
}

export interface PlannedRegion {
  readonly index: number;
  /** The context encoder's input; null without context. May extend beyond the slide. */
  readonly context: Level0Rect | null;
  /** Indices of its slices, row by row. */
  readonly slices: readonly number[];
}

export interface SlicePlan {
  /** Level-0 pixels of the slide. */
  readonly slideWidth: number;
  readonly slideHeight: number;
  /** Size of the grid that covers the whole slide, in cells. */
  readonly columns: number;
  readonly rows: number;
  /** Level-0 pixels of a cell, per axis. */
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** Side of a cell and of its margin in pixels of the result: `sizePx = cellPx + 2 * marginPx`. */
  readonly cellPx: number;
  readonly marginPx: number;
  /** Side of the network's slice input, and of its context input (null without context). */
  readonly sizePx: number;
  readonly contextSizePx: number | null;
  readonly slices: readonly PlannedSlice[];
  readonly regions: readonly PlannedRegion[];
  /** Slices of the area that were skipped as background. */
  readonly skipped: number;
}

export interface PlanInput {
  /** Level-0 pixels. */
  readonly slide: { readonly width: number; readonly height: number };
  /** µm per level-0 pixel. */
  readonly mpp: { readonly x: number; readonly y: number };
  readonly model: Pick<ModelManifest, 'slice' | 'context'>;
  /** Only slices whose cell overlaps this area; null or absent for the whole slide. */
  readonly area?: Level0Rect | null;
  /** Overlap of neighbouring slices as a share of their side, 0 (default) to 0.5. */
  readonly overlap?: number;
}

/** Slices of one plan at most. A slide of 50 × 50 mm has about 20,000 at 0.25 mm, and 250,000 at 0.1 mm. */
export const mostSlices = 1_000_000;

/** Slices without context are grouped in squares of this side, because neighbours share tiles. */
const groupWithoutContext = 5;

/**
 * Plans the slices of a slide.
 *
 * Context `region`: a group has as many whole slices as fit into the context's field (5 × 5 for the paper's 2335 µm and
 * 467 µm), and the context is centred on it. `same` and `centred`: each slice is its own group. `slide`: one group, with
 * the smallest square, in µm, that contains the slide, from its top left.
 *
 * @throws RangeError for an invalid size, mpp or overlap, and for more than `mostSlices`.
 */
export function planSlices(input: PlanInput): SlicePlan {
  const { slide, model } = input;
  const { sizePx } = model.slice;
  const { marginPx, cellPx, sliceWidth, sliceHeight, cellWidth, cellHeight } = cellSize(input);
  const marginX = (sliceWidth * marginPx) / sizePx;
  const marginY = (sliceHeight * marginPx) / sizePx;
  const columns = Math.ceil(slide.width / cellWidth);
  const rows = Math.ceil(slide.height / cellHeight);

  const cells = cellsInside(slide, input.area ?? null, cellWidth, cellHeight);
  const count = cellCount(cells);
  if (count > mostSlices) throw new RangeError(`${count} slices exceed the ${mostSlices} of a plan.`);
  const group = groupSide(model, marginPx);
  const groupColumns = group === Infinity ? 1 : Math.ceil(columns / group);
  const slices: PlannedSlice[] = [];
  const regions: { index: number; context: Level0Rect | null; slices: number[] }[] = [];

  // Group by group, so that `slices` is in the order of processing.
  const firstGroupRow = Math.floor(cells.top / group);
  const lastGroupRow = Math.floor((cells.bottom - 1) / group);
  const firstGroupColumn = Math.floor(cells.left / group);
  const lastGroupColumn = Math.floor((cells.right - 1) / group);
  for (let groupRow = firstGroupRow; groupRow <= lastGroupRow; groupRow++) {
    for (let groupColumn = firstGroupColumn; groupColumn <= lastGroupColumn; groupColumn++) {
      if (cells.right <= cells.left || cells.bottom <= cells.top || groupColumn >= groupColumns) continue;
      const left = group === Infinity ? 0 : groupColumn * group;
      const top = group === Infinity ? 0 : groupRow * group;
      const context = contextOf(
        input,
        group === Infinity
          ? { x: 0, y: 0, width: 0, height: 0 }
          : {
              x: left * cellWidth,
              y: top * cellHeight,
              width: group * cellWidth,
              height: group * cellHeight,
            },
      );
      const region = { index: regions.length, context, slices: [] as number[] };
      for (let row = Math.max(top, cells.top); row < Math.min(top + group, cells.bottom); row++) {
        for (
          let column = Math.max(left, cells.left);
          column < Math.min(left + group, cells.right);
          column++
        ) {
          const cell = {
            x: column * cellWidth,
            y: row * cellHeight,
            width: cellWidth,
            height: cellHeight,
          };
          const rect = {
            x: cell.x - marginX,
            y: cell.y - marginY,
            width: sliceWidth,
            height: sliceHeight,
          };
          region.slices.push(slices.length);
          slices.push({
            index: slices.length,
            column,
            row,
            cell,
            rect,
            region: region.index,
            sliceInContext: context === null ? null : sliceInContext(rect, context),
          });
        }
      }
      if (region.slices.length > 0) regions.push(region);
    }
  }
  return {
    slideWidth: slide.width,
    slideHeight: slide.height,
    columns,
    rows,
    cellWidth,
    cellHeight,
    cellPx,
    marginPx,
    sizePx,
    contextSizePx: model.context?.sizePx ?? null,
    slices,
    regions,
    skipped: 0,
  };
}

/** The number of slices that `planSlices` would plan. @throws RangeError for an invalid size, mpp or overlap. */
export function countSlices(input: PlanInput): number {
  const { cellWidth, cellHeight } = cellSize(input);
  return cellCount(cellsInside(input.slide, input.area ?? null, cellWidth, cellHeight));
}

function cellCount({ left, top, right, bottom }: ReturnType<typeof cellsInside>): number {
  return Math.max(0, right - left) * Math.max(0, bottom - top);
}

/** Sides of slices and cells, level-0 pixels unless a name says otherwise. */
function cellSize({ slide, mpp, model, overlap = 0 }: PlanInput) {
  const sizes = { width: slide.width, height: slide.height, mppX: mpp.x, mppY: mpp.y };
  for (const [name, value] of Object.entries(sizes)) {
    if (!(value > 0) || !Number.isFinite(value))
      throw new RangeError(`${name} must be positive, not ${value}.`);
  }
  if (!(overlap >= 0 && overlap <= 0.5)) throw new RangeError(`overlap must be 0 to 0.5, not ${overlap}.`);
  const { sizePx, fieldUm } = model.slice;
  // At most a quarter, so that the bands shared with the neighbours on both sides don't overlap.
  const marginPx = Math.min(Math.round((sizePx * overlap) / 2), Math.floor(sizePx / 4));
  const cellPx = sizePx - 2 * marginPx;
  const sliceWidth = fieldUm / mpp.x;
  const sliceHeight = fieldUm / mpp.y;
  return {
    marginPx,
    cellPx,
    sliceWidth,
    sliceHeight,
    cellWidth: (sliceWidth * cellPx) / sizePx,
    cellHeight: (sliceHeight * cellPx) / sizePx,
  };
}

/** Position of `slice` in `context`, as fractions of the context's side. */
export function sliceInContext(slice: Level0Rect, context: Level0Rect): SliceInContext {
  return {
    x: (slice.x - context.x) / context.width,
    y: (slice.y - context.y) / context.height,
    size: slice.width / context.width,
  };
}

/** Half-open range of cells that overlap both the slide and the area. */
function cellsInside(
  slide: { readonly width: number; readonly height: number },
  area: Level0Rect | null,
  cellWidth: number,
  cellHeight: number,
): { left: number; top: number; right: number; bottom: number } {
  const left = Math.max(0, area?.x ?? 0);
  const top = Math.max(0, area?.y ?? 0);
  const right = Math.min(slide.width, area === null ? Infinity : area.x + area.width);
  const bottom = Math.min(slide.height, area === null ? Infinity : area.y + area.height);
  if (!(right > left && bottom > top)) return { left: 0, top: 0, right: 0, bottom: 0 };
  return {
    left: Math.floor(left / cellWidth),
    top: Math.floor(top / cellHeight),
    right: Math.ceil(right / cellWidth),
    bottom: Math.ceil(bottom / cellHeight),
  };
}

/** Side of a group of slices with one context, in cells; Infinity for one group over the whole slide. */
function groupSide(model: PlanInput['model'], marginPx: number): number {
  const { slice, context } = model;
  if (context === null) return groupWithoutContext;
  if (context.kind === 'slide') return Infinity;
  if (context.kind !== 'region') return 1;
  // n cells and the outer margins must fit into the context. Tolerates 0.1 % for rounding in a manifest.
  const marginUm = (slice.fieldUm * marginPx) / slice.sizePx;
  const cellUm = slice.fieldUm - 2 * marginUm;
  return Math.max(1, Math.floor(((context.fieldUm - 2 * marginUm) / cellUm) * 1.001));
}

/** The context of a group of cells that covers `group`; null for single-input models. */
function contextOf(input: PlanInput, group: Level0Rect): Level0Rect | null {
  const { slide, mpp, model } = input;
  const { slice, context } = model;
  if (context === null) return null;
  if (context.kind === 'slide') {
    const sideUm = Math.max(slide.width * mpp.x, slide.height * mpp.y);
    return { x: 0, y: 0, width: sideUm / mpp.x, height: sideUm / mpp.y };
  }
  const fieldUm = context.kind === 'same' ? slice.fieldUm : context.fieldUm;
  const width = fieldUm / mpp.x;
  const height = fieldUm / mpp.y;
  return {
    x: group.x + (group.width - width) / 2,
    y: group.y + (group.height - height) / 2,
    width,
    height,
  };
}

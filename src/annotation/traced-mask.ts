/** Regions from the pixels of a mask, along their edges. */
import { AnnotationError } from './annotation-file.ts';
import type { RegionList } from './region-list.ts';
import { PolygonTracer, type TracedPolygon } from './trace-polygons.ts';

/** Most pixels of all masks of a file that are traced: about ten seconds. */
const maxTracedPixels = 2 ** 30;

/** How pixels of a mask lie on the slide, in level-0 pixels. */
export interface MaskPlacement {
  /** Of the mask's top left. */
  readonly left: number;
  readonly top: number;
  /** Level-0 pixels to a pixel of the mask. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** Of the slide: the last pixels of a reduced mask may reach beyond it. Infinity where it is not known. */
  readonly right: number;
  readonly bottom: number;
}

/** What the regions of a value are called. */
export interface MaskClass {
  readonly id: string;
  readonly label: string;
  readonly colour: string | null;
}

/** Counts the pixels of all masks of a file. */
export class TraceBudget {
  readonly #file: string;
  #left = maxTracedPixels;

  constructor(file: string) {
    this.#file = file;
  }

  /** @throws AnnotationError when the masks of the file are too large together. */
  spend(pixels: number): void {
    this.#left -= pixels;
    if (this.#left >= 0) return;
    throw new AnnotationError(
      this.#file,
      `Its masks have more than ${Math.floor(maxTracedPixels / 1e6)} million pixels together.`,
      'Save them at a lower resolution, or as polygons.',
    );
  }
}

/**
 * Takes the rows of a mask from the top and adds its regions to a list. Value 0 is outside.
 * @param classOf what the regions of a value are called; null leaves them out.
 */
export function maskTracer(
  list: RegionList,
  placement: MaskPlacement,
  classOf: (value: number) => MaskClass | null,
): PolygonTracer {
  const { left, top, scaleX, scaleY, right, bottom } = placement;
  const placed = (ring: readonly number[]): Float64Array => {
    const points = new Float64Array(ring.length);
    for (let i = 0; i < ring.length; i += 2) {
      points[i] = Math.min(right, left + (ring[i] ?? 0) * scaleX);
      points[i + 1] = Math.min(bottom, top + (ring[i + 1] ?? 0) * scaleY);
    }
    return points;
  };
  const add = ({ classValue, outer, holes }: TracedPolygon): void => {
    const of = classOf(classValue);
    if (of !== null) list.add({ ...of, outer: placed(outer), holes: holes.map(placed) }, of.id);
  };
  return new PolygonTracer({ isTraced: (value) => value > 0 }, add);
}

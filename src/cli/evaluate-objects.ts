/** Puts the cells of an image together, so that its objects can be compared with those of the ground truth. */
import { addObjects, objectsOf, type ObjectCounts } from '../evaluation/objects.ts';
import type { Cell } from '../segment/run-progress.ts';
import { CommandError } from './command.ts';

/** Two maps of a byte each, their labels and the queue of pixels: 18 bytes per pixel. */
const maxPixels = 1e8;

/** Whether each pixel of an image belongs to an object, in truth and prediction, at the model's resolution. */
export class ObjectMasks {
  readonly #umPerPx: number;
  /** Level-0 pixels per pixel of the masks. */
  readonly #scale: number;
  readonly #width: number;
  readonly #height: number;
  readonly #truth: Uint8Array;
  readonly #predicted: Uint8Array;
  readonly #isObject: readonly boolean[];

  /**
   * @param slide size in level-0 pixels, and the µm of one
   * @param umPerPx of the model
   * @param isObject for each class
   * @throws CommandError if the image is too large to be held in memory
   */
  constructor(
    slide: { readonly image: string; readonly width: number; readonly height: number; readonly mpp: number },
    umPerPx: number,
    isObject: readonly boolean[],
  ) {
    this.#umPerPx = umPerPx;
    this.#scale = umPerPx / slide.mpp;
    this.#width = Math.ceil(slide.width / this.#scale);
    this.#height = Math.ceil(slide.height / this.#scale);
    if (this.#width * this.#height > maxPixels) {
      throw new CommandError(
        `${slide.image}: ${this.#width} × ${this.#height} pixels are too many to compare objects. Omit --objects.`,
      );
    }
    this.#truth = new Uint8Array(this.#width * this.#height);
    this.#predicted = new Uint8Array(this.#width * this.#height);
    this.#isObject = isObject;
  }

  /**
   * @param truth classes of the cell's pixels
   * @param counted 0 where a pixel does not count: it belongs to no object
   */
  add(
    { rect, size, classes }: Pick<Cell, 'rect' | 'size' | 'classes'>,
    truth: Uint8Array,
    counted: Uint8Array,
  ): void {
    const [left, top] = [Math.round(rect.x / this.#scale), Math.round(rect.y / this.#scale)];
    for (let row = 0; row < size; row++) {
      const y = top + row;
      if (y < 0 || y >= this.#height) continue;
      for (let column = 0; column < size; column++) {
        const x = left + column;
        const i = row * size + column;
        if (x < 0 || x >= this.#width || counted[i] === 0) continue;
        const to = y * this.#width + x;
        this.#truth[to] = this.#isObject[truth[i]!] === true ? 1 : 0;
        this.#predicted[to] = this.#isObject[classes[i]!] === true ? 1 : 0;
      }
    }
  }

  /** @param smallestUm2 predicted pieces below this area are no objects */
  addTo(counts: ObjectCounts, smallestUm2: number): void {
    const smallest = smallestUm2 / this.#umPerPx ** 2;
    const [width, height] = [this.#width, this.#height];
    const truth = objectsOf(this.#truth, width, height);
    addObjects(counts, truth, objectsOf(this.#predicted, width, height, smallest), this.#umPerPx);
  }
}

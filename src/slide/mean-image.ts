/** An image whose pixels are means over larger images, added part by part in any order. */
import { KeptMeans } from './kept-means.ts';
import type { RgbaImage } from './slide.ts';

type Rgb = readonly [red: number, green: number, blue: number];

/** Which part of the finer grid an added image covers, in pixels of that grid. */
export interface Placement {
  readonly left: number;
  readonly top: number;
  /** Pixels of the added image that count; fewer than it has where a tile extends beyond its level. */
  readonly width: number;
  readonly height: number;
}

/** Light grey, which is neither glass nor tissue, where nothing is known; share 0, in either byte order. */
const pending = new Uint32Array(new Uint8Array([222, 222, 222, 0]).buffer)[0]!;

export class MeanImage {
  readonly width: number;
  readonly height: number;
  /** Pixels of the finer grid per pixel of this image, on both axes. */
  readonly step: number;
  /** Red, green, blue, and the share of the pixel that has been added, 0 to 255. */
  readonly #data: Uint8ClampedArray<ArrayBuffer>;
  /** Coarser copies by how many pixels of this image each of theirs is the mean of, on both axes. */
  readonly #kept = new Map<number, KeptMeans>();

  /** @param step a whole number. */
  constructor(width: number, height: number, step: number) {
    this.width = width;
    this.height = height;
    this.step = step;
    this.#data = new Uint8ClampedArray(width * height * 4);
    new Uint32Array(this.#data.buffer).fill(pending);
  }

  /** Adds an image at its place. No part of the finer grid may be added twice. */
  add(image: RgbaImage, { left, top, width, height }: Placement): void {
    const { data } = image;
    this.#each(
      left,
      top,
      left + Math.min(width, image.width),
      top + Math.min(height, image.height),
      (x0, y0, x1, y1) => {
        let red = 0;
        let green = 0;
        let blue = 0;
        for (let y = y0; y < y1; y++) {
          const row = (y - top) * image.width - left;
          for (let at = (row + x0) * 4, end = (row + x1) * 4; at < end; at += 4) {
            red += data[at]!;
            green += data[at + 1]!;
            blue += data[at + 2]!;
          }
        }
        const count = (x1 - x0) * (y1 - y0);
        return [red / count, green / count, blue / count];
      },
    );
  }

  /** Adds a plain colour. */
  addColour(colour: Rgb, { left, top, width, height }: Placement): void {
    this.#each(left, top, left + width, top + height, () => colour);
  }

  /** Gives pixels that nothing has been added to a colour for the time being. The area is in pixels of this image. */
  guess(colour: Rgb, left: number, top: number, right: number, bottom: number): void {
    const data = this.#data;
    this.#changed(left, top, right, bottom);
    for (let y = Math.max(0, top); y < Math.min(this.height, bottom); y++) {
      for (let x = Math.max(0, left); x < Math.min(this.width, right); x++) {
        const at = (y * this.width + x) * 4;
        if (data[at + 3] !== 0) continue;
        data[at] = colour[0];
        data[at + 1] = colour[1];
        data[at + 2] = colour[2];
      }
    }
  }

  /** Gives all pixels that nothing has been added to the colours of a picture of the same area, of any size. */
  guessFrom({ width, height, data: from }: RgbaImage): void {
    const data = this.#data;
    this.#changed(0, 0, this.width, this.height);
    for (let y = 0, at = 0; y < this.height; y++) {
      const row = Math.floor(((y + 0.5) / this.height) * height) * width;
      for (let x = 0; x < this.width; x++, at += 4) {
        if (data[at + 3] !== 0) continue;
        const source = (row + Math.floor(((x + 0.5) / this.width) * width)) * 4;
        data[at] = from[source]!;
        data[at + 1] = from[source + 1]!;
        data[at + 2] = from[source + 2]!;
      }
    }
  }

  /**
   * A part of the image as opaque pixels, each the mean of `by × by`. Sizes are in pixels of the result. What has not
   * changed since the last call is not computed again: a viewer asks for all of it a few times a second.
   */
  cut(left: number, top: number, width: number, height: number, by = 1): RgbaImage {
    const source = by === 1 ? this.#data : this.#means(by).fresh(left, top, left + width, top + height);
    const across = by === 1 ? this.width : Math.ceil(this.width / by);
    const result = new Uint8ClampedArray(width * height * 4);
    for (let y = 0; y < height; y++) {
      const from = ((top + y) * across + left) * 4;
      result.set(source.subarray(from, from + width * 4), y * width * 4);
    }
    for (let at = 3; at < result.length; at += 4) result[at] = 255;
    return { width, height, data: result };
  }

  #means(by: number): KeptMeans {
    let means = this.#kept.get(by);
    if (means === undefined) {
      means = new KeptMeans({ width: this.width, height: this.height, data: this.#data }, by);
      this.#kept.set(by, means);
    }
    return means;
  }

  /** Notes that pixels of an area have changed. */
  #changed(left: number, top: number, right: number, bottom: number): void {
    for (const means of this.#kept.values()) means.changed(left, top, right, bottom);
  }

  /**
   * A part of the image enlarged `ratio` times, interpolated between the centres of its pixels. `left`, `top`, `width`
   * and `height` are in pixels of the result.
   */
  enlarge(left: number, top: number, width: number, height: number, ratio: number): RgbaImage {
    const result = new Uint8ClampedArray(width * height * 4);
    const data = this.#data;
    for (let y = 0; y < height; y++) {
      const v = clamp((top + y + 0.5) / ratio - 0.5, this.height - 1);
      const upper = Math.floor(v) * this.width;
      const lower = Math.min(this.height - 1, Math.floor(v) + 1) * this.width;
      const down = v - Math.floor(v);
      for (let x = 0; x < width; x++) {
        const u = clamp((left + x + 0.5) / ratio - 0.5, this.width - 1);
        const first = Math.floor(u);
        const second = Math.min(this.width - 1, first + 1);
        const across = u - first;
        const to = (y * width + x) * 4;
        for (let c = 0; c < 3; c++) {
          const above =
            data[(upper + first) * 4 + c]! * (1 - across) + data[(upper + second) * 4 + c]! * across;
          const below =
            data[(lower + first) * 4 + c]! * (1 - across) + data[(lower + second) * 4 + c]! * across;
          result[to + c] = above * (1 - down) + below * down;
        }
        result[to + 3] = 255;
      }
    }
    return { width, height, data: result };
  }

  /** Merges means into the pixels that an area of the finer grid touches, weighted by how much of each it covers. */
  #each(
    left: number,
    top: number,
    right: number,
    bottom: number,
    mean: (x0: number, y0: number, x1: number, y1: number) => Rgb,
  ): void {
    const { step } = this;
    const data = this.#data;
    this.#changed(left / step, top / step, right / step, bottom / step);
    for (let y = Math.max(0, Math.floor(top / step)); y < this.height && y * step < bottom; y++) {
      const y0 = Math.max(top, y * step);
      const y1 = Math.min(bottom, (y + 1) * step);
      for (let x = Math.max(0, Math.floor(left / step)); x < this.width && x * step < right; x++) {
        const x0 = Math.max(left, x * step);
        const x1 = Math.min(right, (x + 1) * step);
        const share = (255 * (x1 - x0) * (y1 - y0)) / (step * step);
        const [red, green, blue] = mean(x0, y0, x1, y1);
        const at = (y * this.width + x) * 4;
        const before = data[at + 3]!;
        const sum = before + share;
        data[at] = (data[at]! * before + red * share) / sum;
        data[at + 1] = (data[at + 1]! * before + green * share) / sum;
        data[at + 2] = (data[at + 2]! * before + blue * share) / sum;
        // At least 1: 0 means that nothing was added.
        data[at + 3] = Math.max(1, sum);
      }
    }
  }
}

const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, value));

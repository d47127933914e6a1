/**
 * For tests: the operations as naive loops over plain arrays, in double precision, written from the equations
 * of DESIGN 3. They share no code with the interpreters, so that a wrong axis or order cannot hide.
 */
import { BATCH_NORM_EPSILON, type ConvSpec, type Ops, type PoolSpec, type Shape4 } from './ops.ts';

export interface NaiveMap {
  readonly shape: Shape4;
  readonly values: Float64Array;
}

export type NaiveWeights = ReadonlyMap<string, { readonly data: ArrayLike<number> }>;

export class NaiveOps implements Ops<NaiveMap> {
  readonly #weights: NaiveWeights;

  constructor(weights: NaiveWeights) {
    this.#weights = weights;
  }

  shape(x: NaiveMap): Shape4 {
    return x.shape;
  }

  /** out[y, x, f] = bias[f] + sum over i, j, c of in[y·s + i − p, x·s + j − p, c] · kernel[i, j, c, f]. */
  conv2d(x: NaiveMap, name: string, { filters, kernel, stride = 1, bias }: ConvSpec): NaiveMap {
    const [n, h, w, channels] = x.shape;
    const k = this.#weight(`${name}/kernel`);
    const b = bias ? this.#weight(`${name}/bias`) : null;
    const p = (kernel - 1) / 2;
    const out: Shape4 = [n, Math.ceil(h / stride), Math.ceil(w / stride), filters];
    return make(out, (image, row, column, f) => {
      let sum = b === null ? 0 : b[f]!;
      for (let i = 0; i < kernel; i++) {
        for (let j = 0; j < kernel; j++) {
          for (let c = 0; c < channels; c++) {
            const value = at(x, image, row * stride + i - p, column * stride + j - p, c);
            sum += value * k[((i * kernel + j) * channels + c) * filters + f]!;
          }
        }
      }
      return sum;
    });
  }

  upConv2d(x: NaiveMap, name: string, filters: number): NaiveMap {
    const [n, h, w, channels] = x.shape;
    const k = this.#weight(`${name}/kernel`);
    const b = this.#weight(`${name}/bias`);
    return make([n, h * 2, w * 2, filters], (image, row, column, f) => {
      let sum = b[f]!;
      for (let c = 0; c < channels; c++) {
        const value = at(x, image, row >> 1, column >> 1, c);
        sum += value * k[(((row & 1) * 2 + (column & 1)) * filters + f) * channels + c]!;
      }
      return sum;
    });
  }

  batchNorm(x: NaiveMap, name: string): NaiveMap {
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) =>
      this.#weight(`${name}/${part}`),
    );
    return make(x.shape, (image, row, column, c) => {
      const centred = at(x, image, row, column, c) - mean![c]!;
      return (gamma![c]! * centred) / Math.sqrt(variance![c]! + BATCH_NORM_EPSILON) + beta![c]!;
    });
  }

  relu(x: NaiveMap): NaiveMap {
    return { shape: x.shape, values: x.values.map((value) => Math.max(0, value)) };
  }

  sigmoid(x: NaiveMap): NaiveMap {
    return { shape: x.shape, values: x.values.map((value) => 1 / (1 + Math.exp(-value))) };
  }

  add(a: NaiveMap, b: NaiveMap): NaiveMap {
    return combine(a, b, (x, y) => x + y);
  }

  mul(a: NaiveMap, b: NaiveMap): NaiveMap {
    return combine(a, b, (x, y) => x * y);
  }

  concat(xs: readonly NaiveMap[]): NaiveMap {
    const [n, h, w] = xs[0]!.shape;
    const channels = xs.reduce((sum, x) => sum + x.shape[3], 0);
    return make([n, h, w, channels], (image, row, column, c) => {
      let rest = c;
      for (const x of xs) {
        if (rest < x.shape[3]) return at(x, image, row, column, rest);
        rest -= x.shape[3];
      }
      throw new Error('unreachable');
    });
  }

  maxPool(x: NaiveMap, { kernel, stride, pad }: PoolSpec): NaiveMap {
    const [n, h, w, c] = x.shape;
    const side = (size: number): number => Math.floor((size + 2 * pad - kernel) / stride) + 1;
    return make([n, side(h), side(w), c], (image, row, column, channel) => {
      let best = -Infinity;
      for (let y = row * stride - pad; y < row * stride - pad + kernel; y++) {
        for (let z = column * stride - pad; z < column * stride - pad + kernel; z++) {
          if (y >= 0 && y < h && z >= 0 && z < w) best = Math.max(best, at(x, image, y, z, channel));
        }
      }
      return best;
    });
  }

  resizeBilinear(x: NaiveMap, height: number, width: number): NaiveMap {
    const [n, h, w, c] = x.shape;
    const scale = (from: number, to: number): number => (to > 1 ? (from - 1) / (to - 1) : 0);
    return make([n, height, width, c], (image, row, column, channel) =>
      bilinear(x, image, row * scale(h, height), column * scale(w, width), channel),
    );
  }

  cropResize(x: NaiveMap, boxes: NaiveMap, height: number, width: number): NaiveMap {
    const [n, h, w, c] = x.shape;
    return make([n, height, width, c], (image, row, column, channel) => {
      const [y1, x1, y2, x2] = boxes.values.subarray(image * 4, image * 4 + 4) as unknown as number[];
      const v = (height > 1 ? y1! + ((y2! - y1!) * row) / (height - 1) : (y1! + y2!) / 2) * (h - 1);
      const u = (width > 1 ? x1! + ((x2! - x1!) * column) / (width - 1) : (x1! + x2!) / 2) * (w - 1);
      return v < 0 || v > h - 1 || u < 0 || u > w - 1 ? 0 : bilinear(x, image, v, u, channel);
    });
  }

  withPlaces(x: NaiveMap, extent: number): NaiveMap {
    const [n, h, w, c] = x.shape;
    const along = (index: number, count: number): number =>
      count === 1 ? 0 : (extent * index) / (count - 1) - extent / 2;
    return make([n, h, w, c + 3], (image, row, column, channel) => {
      const [y, z] = [along(row, h), along(column, w)];
      return channel < c ? at(x, image, row, column, channel) : [y, z, y ** 2 + z ** 2][channel - c]!;
    });
  }

  /** out_i = Σ_j exp(q_i · k_j) v_j / Σ_j exp(q_i · k_j). */
  attend(queries: NaiveMap, keys: NaiveMap, values: NaiveMap): NaiveMap {
    const [n, h, w, c] = queries.shape;
    const [, rows, columns, d] = values.shape;
    return make([n, h, w, d], (image, row, column, channel) => {
      let [above, below] = [0, 0];
      for (let y = 0; y < rows; y++) {
        for (let z = 0; z < columns; z++) {
          let score = 0;
          for (let i = 0; i < c; i++) score += at(queries, image, row, column, i) * at(keys, image, y, z, i);
          above += Math.exp(score) * at(values, image, y, z, channel);
          below += Math.exp(score);
        }
      }
      return above / below;
    });
  }

  globalMean(x: NaiveMap): NaiveMap {
    const [n, h, w, c] = x.shape;
    return make([n, 1, 1, c], (image, _row, _column, channel) => {
      let sum = 0;
      for (let y = 0; y < h; y++) for (let z = 0; z < w; z++) sum += at(x, image, y, z, channel);
      return sum / (h * w);
    });
  }

  dropout(x: NaiveMap): NaiveMap {
    return x;
  }

  affine(x: NaiveMap, scale: readonly number[], shift: readonly number[]): NaiveMap {
    return make(x.shape, (image, row, column, c) => at(x, image, row, column, c) * scale[c]! + shift[c]!);
  }

  label(x: NaiveMap): NaiveMap {
    return x;
  }

  #weight(name: string): ArrayLike<number> {
    const weight = this.#weights.get(name);
    if (weight === undefined) throw new Error(`No weight "${name}".`);
    return weight.data;
  }
}

function make(
  shape: Shape4,
  value: (image: number, row: number, column: number, channel: number) => number,
): NaiveMap {
  const [n, h, w, c] = shape;
  const values = new Float64Array(n * h * w * c);
  let i = 0;
  for (let image = 0; image < n; image++) {
    for (let row = 0; row < h; row++) {
      for (let column = 0; column < w; column++) {
        for (let channel = 0; channel < c; channel++) values[i++] = value(image, row, column, channel);
      }
    }
  }
  return { shape, values };
}

/** Zero outside the map. */
function at(
  { shape: [, h, w, c], values }: NaiveMap,
  image: number,
  y: number,
  x: number,
  channel: number,
): number {
  if (y < 0 || y >= h || x < 0 || x >= w) return 0;
  return values[((image * h + y) * w + x) * c + channel]!;
}

function combine(a: NaiveMap, b: NaiveMap, operation: (x: number, y: number) => number): NaiveMap {
  const shape = a.shape.map((side, axis) => Math.max(side, b.shape[axis]!)) as unknown as Shape4;
  const pick = (x: NaiveMap, i: number, r: number, q: number, c: number): number => {
    const [, h, w, channels] = x.shape;
    return at(x, i, h === 1 ? 0 : r, w === 1 ? 0 : q, channels === 1 ? 0 : c);
  };
  return make(shape, (i, r, q, c) => operation(pick(a, i, r, q, c), pick(b, i, r, q, c)));
}

function bilinear(x: NaiveMap, image: number, v: number, u: number, channel: number): number {
  const [, h, w] = x.shape;
  const [top, left] = [Math.floor(v), Math.floor(u)];
  const [bottom, right] = [Math.min(h - 1, top + 1), Math.min(w - 1, left + 1)];
  const [dv, du] = [v - top, u - left];
  return (
    (1 - dv) * ((1 - du) * at(x, image, top, left, channel) + du * at(x, image, top, right, channel)) +
    dv * ((1 - du) * at(x, image, bottom, left, channel) + du * at(x, image, bottom, right, channel))
  );
}

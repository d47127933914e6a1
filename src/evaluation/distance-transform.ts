/**
 * Exact Euclidean distance transform, by lower envelopes of parabolas (Felzenszwalb and Huttenlocher 2012, "Distance
 * transforms of sampled functions").
 */

/**
 * Squared distance of each pixel's centre to that of the nearest pixel of a mask; Infinity without any.
 * @param mask [height, width]; every value but 0 belongs to it
 * @returns [height, width], pixels squared
 */
export function squaredDistances(mask: Uint8Array, width: number, height: number): Float64Array {
  const out = Float64Array.from(mask, (value) => (value === 0 ? Infinity : 0));
  const longest = Math.max(width, height);
  const line = new Float64Array(longest);
  const envelope = { centres: new Int32Array(longest), starts: new Float64Array(longest + 1) };
  const along = (start: number, step: number, length: number): void => {
    for (let i = 0; i < length; i++) line[i] = out[start + i * step]!;
    transformLine(line, length, envelope, (i, value) => {
      out[start + i * step] = value;
    });
  };
  for (let column = 0; column < width; column++) along(column, width, height);
  for (let row = 0; row < height; row++) along(row * width, 1, width);
  return out;
}

/** min over k of values[k] + (i - k)², for each i. */
function transformLine(
  values: Float64Array,
  length: number,
  { centres, starts }: { readonly centres: Int32Array; readonly starts: Float64Array },
  set: (i: number, value: number) => void,
): void {
  let last = -1;
  for (let k = 0; k < length; k++) {
    if (values[k] === Infinity) continue;
    let start = -Infinity;
    while (last >= 0) {
      const centre = centres[last]!;
      // Where the parabola at k becomes lower than the last one of the envelope.
      start = (values[k]! + k * k - values[centre]! - centre * centre) / (2 * (k - centre));
      if (start > starts[last]!) break;
      last--;
      start = -Infinity;
    }
    centres[++last] = k;
    starts[last] = start;
  }
  if (last < 0) return;
  starts[last + 1] = Infinity;
  let piece = 0;
  for (let i = 0; i < length; i++) {
    while (starts[piece + 1]! < i) piece++;
    const centre = centres[piece]!;
    set(i, values[centre]! + (i - centre) ** 2);
  }
}

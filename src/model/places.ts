/**
 * Where the pixels of a map are: what `Ops.withPlaces` appends to it. Pure arithmetic, so that all interpreters append the
 * same numbers.
 */

/** Channels that `Ops.withPlaces` appends: y, x, and y² + x². */
export const placeChannels = 3;

/**
 * Places of a map's pixels from its middle: from −extent / 2 at the first pixel's centre to extent / 2 at the last's, on
 * either axis; 0 where there is one pixel.
 * @returns [height, width, 3]: y, x, y² + x²
 */
export function placesOf(height: number, width: number, extent: number): Float32Array<ArrayBuffer> {
  const along = (index: number, count: number): number =>
    count > 1 ? extent * (index / (count - 1) - 0.5) : 0;
  const places = new Float32Array(height * width * placeChannels);
  for (let row = 0, to = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [y, x] = [along(row, height), along(column, width)];
      places[to++] = y;
      places[to++] = x;
      places[to++] = y * y + x * x;
    }
  }
  return places;
}

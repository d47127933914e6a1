/** Outlines of shapes that formats give by centre and size: alternating x and y, level-0 pixels. */

/** Points of an ellipse: its area is 0.08 % too small. */
const ellipsePoints = 90;

interface CentredShape {
  readonly x: number;
  readonly y: number;
  /** Half of the width and height. */
  readonly radiusX: number;
  readonly radiusY: number;
  /** Radians, clockwise on screen (y downwards); 0 by default. */
  readonly rotation?: number;
}

/** An ellipse as a polygon. */
export function ellipseOutline({ x, y, radiusX, radiusY, rotation = 0 }: CentredShape): Float64Array {
  const points = new Float64Array(ellipsePoints * 2);
  for (let i = 0; i < ellipsePoints; i++) {
    const angle = (i / ellipsePoints) * Math.PI * 2;
    place(points, i, x, y, radiusX * Math.cos(angle), radiusY * Math.sin(angle), rotation);
  }
  return points;
}

/** The corners of a rectangle, clockwise from the top left. */
export function rectangleOutline({ x, y, radiusX, radiusY, rotation = 0 }: CentredShape): Float64Array {
  const points = new Float64Array(8);
  place(points, 0, x, y, -radiusX, -radiusY, rotation);
  place(points, 1, x, y, radiusX, -radiusY, rotation);
  place(points, 2, x, y, radiusX, radiusY, rotation);
  place(points, 3, x, y, -radiusX, radiusY, rotation);
  return points;
}

/** The corners of a box that is given by its top left. */
export function boxOutline(left: number, top: number, width: number, height: number): Float64Array {
  const [right, bottom] = [left + width, top + height];
  return Float64Array.of(left, top, right, top, right, bottom, left, bottom);
}

/** Sets point `i` to the centre plus a turned offset. */
function place(
  points: Float64Array,
  i: number,
  x: number,
  y: number,
  dx: number,
  dy: number,
  rotation: number,
): void {
  const cos = Math.cos(rotation);
  const sin = Math.sin(rotation);
  points[2 * i] = x + dx * cos - dy * sin;
  points[2 * i + 1] = y + dx * sin + dy * cos;
}

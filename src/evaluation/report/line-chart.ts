/** Curves as inline SVG: axes with round numbers, names at the curves' ends, a band around noisy ones. */
import { decimal, whole } from './figures.ts';
import { markup, type Markup } from './markup.ts';

export interface ChartPoint {
  readonly x: number;
  /** null leaves a gap. */
  readonly y: number | null;
  /** Smallest and largest of the values that `y` is the mean of, drawn as a band. */
  readonly low?: number;
  readonly high?: number;
}

export interface ChartSeries {
  readonly name: string;
  /** A CSS colour written by the caller, never taken unchecked from a file. */
  readonly colour: string;
  readonly points: readonly ChartPoint[];
  /** SVG dash pattern; solid when absent. */
  readonly dash?: string;
}

export interface LineChart {
  /** Description for screen readers. */
  readonly label: string;
  readonly xName: string;
  readonly yName: string;
  /** The y axis runs from 0 to this; to the highest curve when null. */
  readonly yMax: number | null;
  /** Range of the x axis; from the first to the last point when absent. */
  readonly xRange?: readonly [number, number];
  readonly series: readonly ChartSeries[];
  /** Named vertical lines, such as the step that was kept. */
  readonly marks?: readonly { readonly x: number; readonly name: string }[];
}

const chartWidth = 560;
const chartHeight = 280;
const leftMargin = 46;
const topMargin = 26;
const bottomMargin = 40;
/** Distance between the middles of two names at the curves' ends. */
const namePitch = 15;
/** Length of the coloured line before a name, and a generous letter width. */
const nameLine = 30;
const letterWidth = 6.8;

export function lineChart(chart: LineChart): Markup {
  const points = chart.series.flatMap((series) => series.points);
  const xs = points.map(({ x }) => x);
  const ys = points.flatMap(({ y }) => (y === null ? [] : [y]));
  const [xMin, xMax] = chart.xRange ?? (xs.length === 0 ? [0, 1] : [Math.min(...xs), Math.max(...xs)]);
  const yTicks = roundTicks(0, chart.yMax ?? Math.max(0, ...ys), 5);
  const yMax = chart.yMax ?? yTicks.at(-1) ?? 1;
  const xTicks = roundTicks(xMin, xMax, 6).filter((tick) => tick >= xMin && tick <= xMax);
  const longest = Math.max(0, ...chart.series.map(({ name }) => name.length));
  const right = chartWidth - Math.min(chartWidth / 2, nameLine + letterWidth * longest);
  const bottom = chartHeight - bottomMargin;
  const toX = (x: number): number =>
    leftMargin + ((right - leftMargin) * (x - xMin)) / Math.max(1e-9, xMax - xMin);
  const toY = (y: number): number => bottom - ((bottom - topMargin) * Math.min(Math.max(y, 0), yMax)) / yMax;
  return markup`<svg viewBox="0 0 ${chartWidth} ${chartHeight}" role="img" aria-label="${chart.label}">
<text x="${leftMargin}" y="14">${chart.yName}</text>
${yTicks.map(
  (
    tick,
  ) => markup`<line class="grid" x1="${leftMargin}" x2="${right}" y1="${at(toY(tick))}" y2="${at(toY(tick))}"/>
<text x="${leftMargin - 8}" y="${at(toY(tick) + 4)}" text-anchor="end">${tickText(tick)}</text>
`,
)}${xTicks.map(
    (
      tick,
    ) => markup`<text x="${at(toX(tick))}" y="${bottom + 17}" text-anchor="middle">${tickText(tick)}</text>
`,
  )}<line class="axis" x1="${leftMargin}" x2="${right}" y1="${bottom}" y2="${bottom}"/>
<text x="${at((leftMargin + right) / 2)}" y="${chartHeight - 6}" text-anchor="middle">${chart.xName}</text>
${(chart.marks ?? []).map(
  ({
    x,
    name,
  }) => markup`<line class="mark" x1="${at(toX(x))}" x2="${at(toX(x))}" y1="${topMargin - 4}" y2="${bottom}"/>
<text x="${at(toX(x))}" y="${topMargin - 8}" text-anchor="middle">${name}</text>
`,
)}${chart.series.map((series) => curve(series, toX, toY))}${endNames(chart.series, right + 8, toY)}</svg>`;
}

function curve(
  { name, colour, points, dash }: ChartSeries,
  toX: (x: number) => number,
  toY: (y: number) => number,
): Markup {
  const place = (x: number, y: number): string => `${at(toX(x))} ${at(toY(y))}`;
  const band = points.filter(({ low, high }) => low !== undefined && high !== undefined);
  const area = [
    ...band.map(({ x, high }) => place(x, high ?? 0)),
    ...band.reverse().map(({ x, low }) => place(x, low ?? 0)),
  ];
  let isDown = false;
  const path = points.map(({ x, y }) => {
    const step = y === null ? '' : `${isDown ? 'L' : 'M'}${place(x, y)}`;
    isDown = y !== null;
    return step;
  });
  const lone = points.length <= 24;
  return markup`${area.length === 0 ? null : markup`<path class="band" style="fill:${colour}" d="M${area.join('L')}Z"/>`}
<path class="curve" style="stroke:${colour}" stroke-dasharray="${dash ?? 'none'}" d="${path.join('')}"><title>${name}</title></path>
${points.map(({ x, y }) =>
  y === null || !lone
    ? markup``
    : markup`<circle cx="${at(toX(x))}" cy="${at(toY(y))}" r="3" style="fill:${colour}"><title>${name}, ${tickText(x)}: ${decimal(y)}</title></circle>`,
)}
`;
}

/** Names next to the curves' last points, moved apart where they would overlap. */
function endNames(series: readonly ChartSeries[], x: number, toY: (y: number) => number): Markup[] {
  const names = series.flatMap(({ name, colour, dash, points }) => {
    const last = points.findLast(({ y }) => y !== null)?.y;
    return last == null ? [] : [{ name, colour, dash, y: toY(last) }];
  });
  names.sort((a, b) => a.y - b.y);
  names.forEach((each, i) => {
    const above = names[i - 1];
    if (above !== undefined) each.y = Math.max(each.y, above.y + namePitch);
  });
  // Names pushed past the lower border move back up.
  let most = chartHeight - bottomMargin;
  for (const each of names.toReversed()) {
    each.y = Math.min(each.y, most);
    most = each.y - namePitch;
  }
  return names.map(
    ({
      name,
      colour,
      dash,
      y,
    }) => markup`<line class="curve" style="stroke:${colour}" stroke-dasharray="${dash ?? 'none'}" x1="${x}" x2="${x + 14}" y1="${at(y)}" y2="${at(y)}"/>
<text class="name" x="${x + 19}" y="${at(y + 4)}">${name}</text>
`,
  );
}

/** Round numbers from at most `min` to at least `max`, about `count` of them. */
export function roundTicks(min: number, max: number, count: number): number[] {
  const span = max - min;
  if (!(span > 0)) return [min, min + 1];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.floor(min / step + 1e-9);
  const last = Math.ceil(max / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function tickText(value: number): string {
  return Math.abs(value) >= 1000 ? whole(value) : String(value);
}

/** A coordinate, to a tenth. */
function at(value: number): string {
  return value.toFixed(1);
}

/**
 * Means of at most `most` groups of neighbours, with each group's minimum and maximum: reduces a noisy curve
 * of any length to a few points that show its spread.
 */
export function condensed(
  points: readonly { readonly x: number; readonly y: number }[],
  most: number,
): ChartPoint[] {
  const size = Math.max(1, Math.ceil(points.length / most));
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i): ChartPoint => {
    const group = points.slice(i * size, (i + 1) * size);
    const ys = group.map(({ y }) => y);
    const [only] = group;
    if (size === 1 && only !== undefined) return only;
    return {
      x: mean(group.map(({ x }) => x)),
      y: mean(ys),
      low: Math.min(...ys),
      high: Math.max(...ys),
    };
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

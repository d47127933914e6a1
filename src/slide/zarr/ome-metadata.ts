/**
 * What OME-Zarr (versions 0.1 to 0.5) says in the attributes of a group: a pyramid with its axes, channels and pixel size, or
 * something that is no slide.
 */
import { maxChannels } from '../limits.ts';
import type { SlideMpp } from '../slide.ts';
import { fields, list, type Fields } from './json-fields.ts';

export interface OmeChannel {
  readonly name: string;
  readonly colour: readonly [number, number, number] | null;
  /** Values shown as black and as full intensity. */
  readonly range: readonly [low: number, high: number] | null;
  /** Whether the file has it switched on. */
  readonly active: boolean;
}

export interface OmePyramid {
  readonly version: string;
  readonly name: string;
  /** Number of each axis among those of the arrays; -1 where there is none. */
  readonly axes: Readonly<Record<'t' | 'c' | 'z' | 'y' | 'x', number>>;
  readonly dimensions: number;
  readonly levels: readonly {
    /** Of the array, within the group. */
    readonly path: string;
    /** Of a pixel, in the units of the axes; null without. */
    readonly scale: { readonly x: number; readonly y: number } | null;
  }[];
  /** µm per unit of the axes x and y; null where they name none. */
  readonly umPerUnit: { readonly x: number; readonly y: number } | null;
  /** In the order of the axis; empty where it describes none. */
  readonly channels: readonly OmeChannel[];
  /** The focal plane and time that the file would show. */
  readonly shown: { readonly z: number; readonly t: number };
  /** Pyramids besides the first. */
  readonly others: number;
}

export type OmeGroup =
  | { readonly kind: 'pyramid'; readonly pyramid: OmePyramid }
  /** Images in groups of their own, as bioformats2raw writes them; their names where they are listed. */
  | { readonly kind: 'series'; readonly names: readonly string[] }
  /** Known, and no slide: a sentence and what to do. */
  | { readonly kind: 'other'; readonly problem: string; readonly remedy: string }
  | { readonly kind: 'none' };

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Most levels, and longest name. */
const maxLevels = 32;
const maxName = 64;

/** @param attributes of a group: `.zattrs`, or `attributes` of `zarr.json`, where OME's are in `ome`. */
export function omeGroup(attributes: unknown): OmeGroup {
  const all = fields(attributes);
  const ome = Object.hasOwn(all, 'ome') ? fields(all.ome) : all;
  if (ome['image-label'] !== undefined) {
    return {
      kind: 'other',
      problem: 'It is a label image (a mask) of an OME-Zarr slide, not the slide.',
      remedy: 'Open the folder of the image that it belongs to.',
    };
  }
  if (list(ome.multiscales).length > 0) {
    const pyramid = pyramidOf(ome);
    return pyramid === null ? { kind: 'none' } : { kind: 'pyramid', pyramid };
  }
  if (ome.plate !== undefined || ome.well !== undefined) {
    return {
      kind: 'other',
      problem: `It is ${ome.plate === undefined ? 'a well of a plate' : 'a plate with many wells'} (OME-Zarr HCS), not a slide.`,
      remedy: 'Open the folder of one image in it, for example A/1/0.',
    };
  }
  if (list(ome.labels).length > 0) {
    return {
      kind: 'other',
      problem: 'It is the list of label images (masks) of an OME-Zarr slide.',
      remedy: 'Open the folder of the image that it belongs to.',
    };
  }
  if (ome['bioformats2raw.layout'] !== undefined) return { kind: 'series', names: [] };
  const names = list(ome.series).filter((name): name is string => typeof name === 'string' && isPath(name));
  return names.length > 0 ? { kind: 'series', names: names.slice(0, maxChannels) } : { kind: 'none' };
}

/** Whether a name from a file leads to something within the group. */
export const isPath = (path: string): boolean =>
  path.length < 256 &&
  !/[\\:?#\0]/.test(path) &&
  path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');

const axisNames = ['t', 'c', 'z', 'y', 'x'] as const;

function pyramidOf(ome: Fields): OmePyramid | null {
  const scales = list(ome.multiscales);
  const first = fields(scales[0]);
  const described = list(first.axes).slice(0, 6);
  // Before version 0.3, there were five axes.
  const axes = described.length === 0 ? axisNames.map((name) => ({ name })) : described;
  const names = axes.map((axis) => (typeof axis === 'string' ? axis : text(fields(axis).name)).toLowerCase());
  if (names.length > 5 || new Set(names).size < names.length) return null;
  if (names.some((name) => !axisNames.includes(name as 'x'))) return null;
  const at = (name: string): number => names.indexOf(name);
  const [x, y] = [at('x'), at('y')];
  if (x < 0 || y < 0) return null;
  const whole = scaleOf(first.coordinateTransformations, names.length);
  const levels = list(first.datasets)
    .slice(0, maxLevels)
    .map(fields)
    .flatMap(({ path, coordinateTransformations }) => {
      if (typeof path !== 'string' || !isPath(path)) return [];
      const own = scaleOf(coordinateTransformations, names.length);
      const size = (axis: number): number => (own?.[axis] ?? NaN) * (whole?.[axis] ?? 1);
      const scale = { x: size(x), y: size(y) };
      return [{ path, scale: scale.x > 0 && scale.y > 0 ? scale : null }];
    });
  if (levels.length === 0) return null;
  const unit = (axis: number): number | null => umOf(text(fields(axes[axis]).unit));
  const [unitX, unitY] = [unit(x), unit(y)];
  const omero = fields(ome.omero);
  const defaults = fields(omero.rdefs);
  return {
    version: text(ome.version) || text(first.version),
    // Some writers give the group's path.
    name: text(first.name).replace(/^\/+$/, '').slice(0, maxName),
    axes: { t: at('t'), c: at('c'), z: at('z'), y, x },
    dimensions: names.length,
    levels,
    umPerUnit: unitX === null || unitY === null ? null : { x: unitX, y: unitY },
    channels: list(omero.channels).slice(0, maxChannels).map(channelOf),
    shown: { z: index(defaults.defaultZ), t: index(defaults.defaultT) },
    others: scales.length - 1,
  };
}

const index = (value: unknown): number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 0;

/** The scale of the first transformation that has one; translations move the picture, which has no other to lie on. */
function scaleOf(transformations: unknown, dimensions: number): readonly number[] | null {
  for (const one of list(transformations).map(fields)) {
    const scale = list(one.scale);
    if (one.type === 'scale' && scale.length === dimensions && scale.every((n) => typeof n === 'number'))
      return scale;
  }
  return null;
}

function channelOf(value: unknown): OmeChannel {
  const channel = fields(value);
  const hex = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text(channel.color));
  const { start, end } = fields(channel.window);
  const isRange =
    typeof start === 'number' &&
    typeof end === 'number' &&
    Number.isFinite(start) &&
    end > start &&
    end < 2 ** 32;
  return {
    name: text(channel.label).slice(0, maxName),
    colour: hex === null ? null : [parseInt(hex[1]!, 16), parseInt(hex[2]!, 16), parseInt(hex[3]!, 16)],
    range: isRange ? [start, end] : null,
    active: channel.active !== false,
  };
}

/** Units of length by their UDUNITS-2 names. */
const units: Readonly<Record<string, number>> = {
  angstrom: 1e-4,
  picometer: 1e-6,
  nanometer: 1e-3,
  micrometer: 1,
  millimeter: 1e3,
  centimeter: 1e4,
  meter: 1e6,
  inch: 25_400,
};

/** µm of a unit, spelled the American or the British way, or as a sign; null for another. */
function umOf(unit: string): number | null {
  const name = unit.toLowerCase().replace(/metre$/, 'meter');
  if (Object.hasOwn(units, name)) return units[name]!;
  const sign = unit.normalize('NFKC');
  return sign === '\u03bcm' || sign === 'um' ? 1 : sign === 'nm' ? 1e-3 : sign === 'mm' ? 1e3 : null;
}

/** µm per pixel of the first level; null where the file does not give it. */
export function pixelSizeOf({ levels, umPerUnit }: OmePyramid): SlideMpp | null {
  const scale = levels[0]?.scale;
  if (scale == null || umPerUnit === null) return null;
  return { x: scale.x * umPerUnit.x, y: scale.y * umPerUnit.y, source: 'OME-Zarr scale' };
}

/** What the tags of a VSI file say of its scans, which it calls stacks. They name patients: only what is listed here is taken. */
import type { SlideMpp } from '../slide.ts';
import { anyField, fieldAt, type VsiField } from './vsi-tags.ts';

export type VsiDimension = 'Z' | 'T' | 'C' | 'other';

export interface VsiStack {
  /** The number in the name of its folder. */
  readonly number: number;
  readonly name: string;
  /** 0 for an image; others for overviews, masks, maps of focus. */
  readonly type: number;
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly mpp: SlideMpp | null;
  readonly magnification: number | null;
  /** Of a tile's place between row and level. */
  readonly dimensions: readonly VsiDimension[];
  readonly channels: readonly string[];
}

/** Tags. */
const collection = 2000;
const stack = 2001;
const frame = 2002;
const stackProperties = 2005;
const dimension = 2007;
const dimensionProperties = 2008;
const externalFile = 2018;
const scale = 2019;
const scaleUnit = 2020;
const dimensionName = 2021;
const dimensionMeaning = 2023;
const stackName = 2030;
const boundary = 2053;
const stackType = 2074;
const channelName = 2419;
const magnification = 120_060;

const meanings: Readonly<Record<number, VsiDimension>> = { 1: 'Z', 2: 'T', 4: 'C' };

export const stackTypes = { image: 0, overview: 1, macro: 256 } as const;

/** Stacks in the order of the file. */
export function vsiStacks(fields: readonly VsiField[]): VsiStack[] {
  const volumes = fieldAt(fields, collection)?.fields ?? [];
  return volumes.filter(({ tag }) => tag === stack).map(stackOf);
}

function stackOf({ index, fields }: VsiField): VsiStack {
  const properties = fieldAt(fields, stackProperties)?.fields ?? [];
  const frames = fields.filter(({ tag }) => tag === frame);
  const external = frames.map((one) => fieldAt(one.fields, externalFile)).find((one) => one !== undefined);
  const rect = fieldAt(external?.fields ?? [], boundary)?.value;
  const [width, height] = Array.isArray(rect) ? (rect.slice(2, 4) as [number, number]) : [0, 0];
  const dimensions = fields.filter(({ tag }) => tag === dimension);
  const channels = dimensions.find((one) => meaningOf(one) === 'C');
  const power = anyField(fields, magnification)?.value;
  return {
    number: index,
    name: textOf(fieldAt(properties, stackName)),
    type: numberOf(fieldAt(properties, stackType)) ?? stackTypes.image,
    size: width > 0 && height > 0 ? { width, height } : null,
    mpp: mppOf(properties),
    magnification: typeof power === 'number' && power > 0 && power < 1000 ? power : null,
    dimensions: dimensions.map(meaningOf).filter((one) => one !== null),
    channels: (channels?.fields ?? [])
      .filter(({ tag }) => tag === dimensionProperties)
      .map((one) => textOf(fieldAt(one.fields, dimensionName)) || textOf(fieldAt(one.fields, channelName))),
  };
}

/** null where it does not say: such a dimension has one place. */
function meaningOf({ fields }: VsiField): VsiDimension | null {
  const meaning = numberOf(fieldAt(fields, dimensionProperties, dimensionMeaning));
  return meaning === null ? null : (meanings[meaning] ?? 'other');
}

/** Micrometres, unless another unit is named. */
function mppOf(properties: readonly VsiField[]): SlideMpp | null {
  const size = fieldAt(properties, scale)?.value;
  const unit = textOf(fieldAt(properties, scaleUnit));
  if (!Array.isArray(size) || (unit !== '' && unit !== '10^-6m^1')) return null;
  const [x, y] = size as number[];
  return x !== undefined && y !== undefined && x > 0 && y > 0 ? { x, y, source: 'VSI calibration' } : null;
}

const textOf = (field: VsiField | undefined): string =>
  typeof field?.value === 'string' ? field.value.trim() : '';
const numberOf = (field: VsiField | undefined): number | null =>
  typeof field?.value === 'number' ? field.value : null;

/** What a CZI file's XML says. It names users and patients: only what is listed here is taken from it. */
import type { GivenMpp } from '../../base/resolution.ts';
import { decimalNumber, positiveDecimal } from '../../base/decimal.ts';
import {
  attribute,
  nodeOf,
  nodesOf,
  parseXml,
  textOf,
  xmlCost,
  XmlError,
  type XmlNode,
} from '../../base/xml.ts';
import { maxChannels } from '../limits.ts';
import type { CziFile } from './czi-file.ts';

export interface CziMetadata {
  readonly mpp: GivenMpp | null;
  readonly magnification: number | null;
  readonly scanner: string | null;
  readonly objective: string;
  /** By their numbers. */
  readonly channels: readonly {
    readonly name: string;
    readonly colour: readonly [number, number, number] | null;
    /** What is shown as black and as full intensity, as shares of the pixel type's range; null where the file says nothing. */
    readonly display: readonly [low: number, high: number] | null;
    /** Whether the maker's program shows it along a curve between them. */
    readonly curved: boolean;
  }[];
}

const first = (node: XmlNode, ...path: readonly string[]): XmlNode =>
  path.reduce((parent, name) => nodesOf(parent[name])[0] ?? {}, node);

/** @param xml null without metadata. @throws SlideError `corrupt`. */
export function cziMetadata(xml: string | null, file: CziFile): CziMetadata {
  const metadata = first(parsed(xml ?? '', file), 'ImageDocument', 'Metadata');
  const information = first(metadata, 'Information');
  const instrument = first(information, 'Instrument');
  const used = attribute(first(information, 'Image', 'ObjectiveSettings', 'ObjectiveRef'), 'Id');
  const objectives = nodesOf(first(instrument, 'Objectives').Objective);
  const objective = objectives.find((one) => attribute(one, 'Id') === used) ?? objectives[0] ?? {};
  const microscope = first(instrument, 'Microscopes', 'Microscope');
  return {
    mpp: mppOf(metadata),
    magnification: positiveDecimal(textOf(objective.NominalMagnification)),
    scanner: textOf(microscope.System) || attribute(microscope, 'Name') || null,
    objective: attribute(objective, 'Name'),
    channels: channelsOf(information, metadata),
  };
}

function parsed(xml: string, file: CziFile): XmlNode {
  if (xml.trim() === '') return {};
  file.budget.spend(xmlCost(xml), 'XML');
  try {
    return parseXml(xml, { removePrefixes: true });
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    throw file.corrupt(`Its XML cannot be read. ${cause.message}`);
  }
}

/** Scaling is in metres. */
function mppOf(metadata: XmlNode): GivenMpp | null {
  const distances = nodesOf(first(metadata, 'Scaling', 'Items').Distance);
  const metres = (axis: string): number | null =>
    positiveDecimal(textOf(distances.find((one) => attribute(one, 'Id') === axis)?.Value));
  const x = metres('X');
  const y = metres('Y');
  // Without digits that only the change of unit brings.
  const micrometres = (value: number | null): number | null =>
    value === null ? null : Number((value * 1e6).toPrecision(12));
  return x === null && y === null ? null : { x: micrometres(x), y: micrometres(y), source: 'CZI scaling' };
}

function channelsOf(information: XmlNode, metadata: XmlNode): CziMetadata['channels'] {
  const acquired = nodesOf(first(information, 'Image', 'Dimensions', 'Channels').Channel).slice(
    0,
    maxChannels,
  );
  const displayed = nodesOf(first(metadata, 'DisplaySetting', 'Channels').Channel).slice(0, maxChannels);
  const count = Math.max(acquired.length, displayed.length);
  return Array.from({ length: count }, (_, i) => {
    const own = acquired[i] ?? {};
    const id = attribute(own, 'Id');
    const shown = nodeOf(displayed.find((one) => id !== '' && attribute(one, 'Id') === id) ?? displayed[i]);
    return {
      name: attribute(own, 'Name') || attribute(shown, 'Name') || textOf(own.Fluor),
      colour: colourOf(textOf(shown.Color)) ?? colourOf(textOf(own.Color)),
      ...displayOf(shown),
    };
  });
}

/** The whole range is what a file has that nobody has adjusted, whose picture would be black: it counts as none. */
function displayOf(shown: XmlNode): Pick<CziMetadata['channels'][number], 'display' | 'curved'> {
  const low = decimalNumber(textOf(shown.Low)) ?? 0;
  const high = decimalNumber(textOf(shown.High)) ?? 1;
  const isAdjusted = low >= 0 && high <= 1 && low < high && (low > 0 || high < 1);
  const mode = textOf(shown.Mode).toLowerCase();
  const gamma = positiveDecimal(textOf(shown.Gamma)) ?? 1;
  return {
    display: isAdjusted ? [low, high] : null,
    curved: mode === 'spline' || (mode !== 'ramp' && gamma !== 1),
  };
}

/** `#AARRGGBB` or `#RRGGBB`. */
function colourOf(text: string): readonly [number, number, number] | null {
  const value = /^#(?:[0-9a-f]{2})?([0-9a-f]{6})$/i.exec(text)?.[1];
  if (value === undefined) return null;
  const rgb = Number.parseInt(value, 16);
  return [rgb >> 16, (rgb >> 8) & 255, rgb & 255];
}

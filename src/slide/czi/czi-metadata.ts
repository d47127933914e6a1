/** What a CZI file's XML says. It names users and patients: only what is listed here is taken from it. */
import { positiveDecimal } from '../../base/decimal.ts';
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
import type { SlideMpp } from '../slide.ts';
import type { CziFile } from './czi-file.ts';

export interface CziMetadata {
  readonly mpp: SlideMpp | null;
  readonly magnification: number | null;
  readonly scanner: string | null;
  readonly objective: string;
  /** By their numbers. */
  readonly channels: readonly {
    readonly name: string;
    readonly colour: readonly [number, number, number] | null;
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
function mppOf(metadata: XmlNode): SlideMpp | null {
  const distances = nodesOf(first(metadata, 'Scaling', 'Items').Distance);
  const metres = (axis: string): number | null =>
    positiveDecimal(textOf(distances.find((one) => attribute(one, 'Id') === axis)?.Value));
  const x = metres('X');
  const y = metres('Y');
  // Without digits that only the change of unit brings.
  const micrometres = (value: number): number => Number((value * 1e6).toPrecision(12));
  return x === null || y === null ? null : { x: micrometres(x), y: micrometres(y), source: 'CZI scaling' };
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
    };
  });
}

/** `#AARRGGBB` or `#RRGGBB`. */
function colourOf(text: string): readonly [number, number, number] | null {
  const value = /^#(?:[0-9a-f]{2})?([0-9a-f]{6})$/i.exec(text)?.[1];
  if (value === undefined) return null;
  const rgb = Number.parseInt(value, 16);
  return [rgb >> 16, (rgb >> 8) & 255, rgb & 255];
}

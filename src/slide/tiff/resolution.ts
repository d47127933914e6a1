/** Pixel size of a TIFF image: from its resolution tags, or from what its description says in words. */
import { positiveDecimal } from '../../base/decimal.ts';
import type { GivenMpp } from '../../base/resolution.ts';
import type { SlideMpp } from '../slide.ts';
import { tag } from './tags.ts';
import type { TiffDirectory } from './tiff-directory.ts';

/** Largest plausible pixel size from a resolution tag, in µm; 72 dpi would be 353 µm. */
const maxMpp = 60;

/** Resolutions of printers, scanners and screens are whole multiples of these, in dots per inch, up to the largest. */
const printSteps = [50, 72, 96];
const maxPrintDpi = 4800;
/** Scanners of film go beyond it. */
const filmDpi = [6400, 7200, 9600, 12_800];

/** Characters after a key in which its value is found. */
const keyDistance = 200;

/** µm per unit of length, as OME-XML and ImageJ spell it; undefined for a unit that is none. */
export function umPerUnit(unit: string): number | undefined {
  // Å and µ have two code points each.
  const plain = unit.normalize('NFKC');
  const known = unitUm[plain] ?? unitUm[plain.toLowerCase()];
  // A sign in another encoding, before the m, can only have been µ.
  return known ?? (/^(?:\ufffd|&#181;|&#xb5;|\\u00b5)m$/i.test(unit) ? 1 : undefined);
}

const unitUm: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    ['\u03bcm', 'um', 'micron', 'microns', 'micrometer', 'micrometre'].map((name) => [name, 1]),
  ),
  pm: 1e-6,
  Å: 1e-4,
  nm: 1e-3,
  mm: 1e3,
  cm: 1e4,
  dm: 1e5,
  m: 1e6,
  in: 25_400,
  inch: 25_400,
  // OME: a twelfth, a thousandth, and (points) a 72nd of an inch.
  li: 25_400 / 12,
  thou: 25.4,
  pt: 25_400 / 72,
  ft: 304_800,
  yd: 914_400,
  mi: 1_609_344_000,
};

/**
 * From XResolution and YResolution. Resolutions too coarse for a microscope, and those of print (an image that went through
 * a photo editor), are ignored.
 */
export function resolutionMpp(directory: TiffDirectory): SlideMpp | null {
  const unit = directory.number(tag.resolutionUnit) ?? 2;
  const umOf = unit === 3 ? 10_000 : unit === 2 ? 25_400 : NaN;
  const [perX, perY] = [directory.number(tag.xResolution) ?? NaN, directory.number(tag.yResolution) ?? NaN];
  // 600 dpi are 236 pixels per cm, where a program rounds.
  if (unit === 3 && isRoundedPrint(perX) && isRoundedPrint(perY)) return null;
  const [x, y] = [umOf / perX, umOf / perY];
  return isMicroscope(x) && isMicroscope(y) ? { x: round(x), y: round(y), source: 'TIFF resolution' } : null;
}

/** Whether a whole number of pixels per cm is that of a common print resolution, cut or rounded. */
function isRoundedPrint(perCm: number): boolean {
  if (!Number.isInteger(perCm)) return false;
  const steps = [150, 300, 360, 400, 600, 720, 1200, 2400];
  return steps.some((dpi) => Math.abs(dpi / 2.54 - perCm) < 1);
}

function isMicroscope(mpp: number): boolean {
  const dpi = 25_400 / mpp;
  const isPrint =
    (dpi <= maxPrintDpi + 1 &&
      printSteps.some((step) => Math.abs(Math.round(dpi / step) * step - dpi) < 0.02)) ||
    filmDpi.some((film) => Math.abs(film - dpi) < 0.02);
  return mpp > 0.01 && mpp < maxMpp && !isPrint;
}

/** ImageJ's: pixels per unit that the description names. */
export function imageJMpp(directory: TiffDirectory, unit: string | undefined): SlideMpp | null {
  const um = umPerUnit(unit ?? '');
  const x = (um ?? NaN) / (directory.number(tag.xResolution) ?? NaN);
  const y = (um ?? NaN) / (directory.number(tag.yResolution) ?? NaN);
  return x > 0 && y > 0 ? { x: round(x), y: round(y), source: 'ImageJ unit' } : null;
}

/** Seven significant digits: a 32-bit rational holds no more, and 0.25 stays 0.25. */
const round = (value: number): number => Number(value.toPrecision(7));

/** From a key `mpp` (or libvips' `openslide.mpp-x`) of the description, per axis where both are present. */
export function descriptionMpp(description: string): GivenMpp | null {
  const value = (key: string): number | null => {
    for (const { 0: word, index } of description.matchAll(new RegExp(`\\b${key}\\b"?`, 'gi'))) {
      // A short piece, so that no pattern runs through a whole damaged description from every key.
      const rest = description.slice(index + word.length, index + word.length + keyDistance);
      const text = /^(?:<\/name>\s*<value[^>]*>|\s*[=:>]\s*(?:"\s*)?)\s?([0-9.,eE+-]+)/.exec(rest)?.[1];
      if (text !== undefined) return positiveDecimal(text);
    }
    return null;
  };
  const both = value('mpp');
  const x = value('mpp[-_ ]?x') ?? both;
  const y = value('mpp[-_ ]?y') ?? both;
  return x === null && y === null ? null : { x, y, source: 'ImageDescription mpp' };
}

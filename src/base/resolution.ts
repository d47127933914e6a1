/**
 * Which resolutions are believed, of slides, models and users alike. Light microscopy has 0.1 to 10 µm per pixel; files
 * claim anything.
 */

/** µm per pixel. */
export const leastMpp = 0.01;
export const mostMpp = 100;

/** The range in messages. */
export const mppRange = `${leastMpp} to ${mostMpp} µm per pixel`;

/** Whether a value can be µm per pixel of a slide; false for NaN. */
export function isBelievableMpp(value: number): boolean {
  return value >= leastMpp && value <= mostMpp;
}

/** The resolution, or null, which means unknown: whoever needs it asks the user. */
export function believableMpp<T extends { readonly x: number; readonly y: number }>(mpp: T | null): T | null {
  return mpp !== null && isBelievableMpp(mpp.x) && isBelievableMpp(mpp.y) ? mpp : null;
}

/** The size of a pixel as a file gives it, of one axis or both, in µm, and the metadata field that it comes from. */
export interface GivenMpp {
  readonly x: number | null;
  readonly y: number | null;
  readonly source: string;
}

/** Of a file that gives one side of a pixel alone, the pixel is taken to be square, as those of scanners are; a note says so. */
export function squareMpp(given: GivenMpp | null): {
  readonly mpp: { readonly x: number; readonly y: number; readonly source: string } | null;
  readonly notes: readonly string[];
} {
  const x = given?.x ?? given?.y ?? null;
  if (given === null || x === null) return { mpp: null, notes: [] };
  const mpp = believableMpp({ x: given.x ?? x, y: given.y ?? x, source: given.source });
  const isOne = mpp !== null && (given.x === null || given.y === null);
  const side = given.x === null ? 'height' : 'width';
  return {
    mpp,
    notes: isOne
      ? [`The file gives only the ${side} of a pixel (${given.source}); it is taken to be square.`]
      : [],
  };
}

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

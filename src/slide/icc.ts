/** Summarises an ICC profile (ICC.1:2010). */
import { matrixProfileShift } from './icc-matrix.ts';
import type { IccSummary } from './slide.ts';

/** A profile that moves no colour by more than this many levels of 255 counts as sRGB. */
const unseenLevels = 2;

/**
 * Reads the description tag (`desc`, versions 2 and 4) and decides whether the profile is sRGB. The name
 * decides only for table-based profiles, which are left to the browser.
 */
export function iccSummary(profile: Uint8Array): IccSummary {
  const description = iccDescription(profile);
  const shift = matrixProfileShift(profile);
  const srgb = shift === null ? /srgb/i.test(description) : shift <= unseenLevels;
  return { description, size: profile.length, srgb };
}

function iccDescription(profile: Uint8Array): string {
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  const text = (at: number, length: number): string =>
    new TextDecoder('latin1').decode(profile.subarray(at, at + length));
  if (profile.length < 132 || text(36, 4) !== 'acsp') return 'unreadable profile';
  const count = Math.min(view.getUint32(128), 200);
  for (let i = 0; i < count; i++) {
    const entry = 132 + i * 12;
    if (entry + 12 > profile.length) break;
    if (text(entry, 4) !== 'desc') continue;
    const at = view.getUint32(entry + 4);
    if (at + 28 > profile.length) break;
    if (text(at, 4) === 'desc') {
      return text(at + 12, Math.min(view.getUint32(at + 8), 256))
        .replace(/\0.*$/s, '')
        .trim();
    }
    if (text(at, 4) === 'mluc') {
      const length = Math.min(view.getUint32(at + 20), 512);
      const from = at + view.getUint32(at + 24);
      const name = new TextDecoder('utf-16be').decode(profile.subarray(from, from + length));
      return name.replace(/\0.*$/s, '').trim();
    }
  }
  return 'unnamed profile';
}

/** The style of a layer as the tables that painting needs. Pure. */
import { parseColour } from './class-palette.ts';
import { hatchMask, hatchSide } from './hatch.ts';
import type { OverlayStyle } from './overlay-style.ts';
import { noClass, noSlice } from './map-window.ts';
import type { HatchTable, PaintStyle } from './tile-paint.ts';
import type { ZoomDetail } from './zoom-detail.ts';

/**
 * @param detail what the zoom leaves of it
 * @param devicePixelRatio device pixels per CSS pixel
 * @returns null if nothing is drawn
 */
export function paintStyle(
  style: OverlayStyle,
  detail: ZoomDetail,
  devicePixelRatio: number,
): PaintStyle | null {
  const opacity = style.outlineOpacity * detail.outline;
  const lines = style.outline && opacity > 0 ? new Uint32Array(256) : null;
  if (lines !== null) {
    for (const { value, colour, outline } of style.classes) if (outline) lines[value] = opaque(colour);
  }
  const pixels = style.fill && detail.fill > 0 ? style.pixels.slice() : null;
  // Values that are no class of the map have no colour; confidence has all 256 values.
  if (pixels !== null && !style.confidence) pixels[noClass] = pixels[noSlice] = 0;
  const hatch = style.hatch && !style.confidence ? hatchTable(style, devicePixelRatio) : null;
  if (lines === null && pixels === null && hatch === null) return null;
  return {
    fill: pixels,
    confidence: style.confidence,
    lines,
    lineWidth: style.outlineWidth * detail.width * devicePixelRatio,
    lineOpacity: opacity,
    hatch,
  };
}

function hatchTable(style: OverlayStyle, devicePixelRatio: number): HatchTable | null {
  const kinds = [...new Set(style.classes.flatMap(({ hatch }) => (hatch === null ? [] : [hatch])))];
  if (kinds.length === 0) return null;
  const maskOf = new Uint8Array(256).fill(255);
  const colours = new Uint32Array(256);
  for (const { value, hatch, colour, hatchColour } of style.classes) {
    if (hatch === null) continue;
    maskOf[value] = kinds.indexOf(hatch);
    colours[value] = opaque(hatchColour ?? colour);
  }
  return {
    masks: kinds.map((kind) => hatchMask(kind, devicePixelRatio)),
    period: hatchSide(devicePixelRatio),
    maskOf,
    colours,
  };
}

/** @param colour `#rrggbb` */
function opaque(colour: string): number {
  const [red, green, blue] = parseColour(colour);
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

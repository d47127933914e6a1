/** Colours of palette indices (PS3.3 C.7.6.3.1.5 and C.7.9). */
import type { DataSet } from 'dicom-parser';
import { bytesOf } from './data-set.ts';

const colours = [
  ['x00281101', 'x00281201'],
  ['x00281102', 'x00281202'],
  ['x00281103', 'x00281203'],
] as const;

/**
 * 256 reds, greens and blues of 16 bits; null where a table is missing, segmented, or damaged. Indices before the first
 * entry have its colour, those after the last one that of the last.
 */
export function paletteOf(data: DataSet): Float64Array | null {
  const palette = new Float64Array(768);
  for (const [channel, [descriptorKey, dataKey]] of colours.entries()) {
    const descriptor = bytesOf(data, descriptorKey);
    const values = bytesOf(data, dataKey);
    if (descriptor === null || descriptor.length < 6 || values === null) return null;
    const view = new DataView(descriptor.buffer, descriptor.byteOffset, descriptor.length);
    const count = view.getUint16(0, true) || 65_536;
    const first = view.getUint16(2, true);
    const bits = view.getUint16(4, true);
    const isBytes = values.length < count * 2;
    if (isBytes && (bits !== 8 || values.length < count)) return null;
    const table = new DataView(values.buffer, values.byteOffset, values.length);
    for (let index = 0; index < 256; index++) {
      const entry = Math.min(count - 1, Math.max(0, index - first));
      const value = isBytes ? table.getUint8(entry) : table.getUint16(entry * 2, true);
      palette[channel * 256 + index] = bits === 8 ? (value & 255) * 257 : value;
    }
  }
  // Some writers keep values of 8 bits in entries of 16: no palette is of blacks alone.
  return palette.every((value) => value < 256) ? palette.map((value) => value * 257) : palette;
}

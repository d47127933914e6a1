/** Values of TIFF fields (TIFF 6.0, section 2; BigTIFF's types 16 to 18). */

/** Bytes per value by TIFF field type; 0 for undefined types. */
const bytesPerValue = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8] as const;
/** Bytes of a value; 0 where the type is undefined. */
export const typeBytes = (type: number): number => bytesPerValue[type] ?? 0;

/** Values of a field type as numbers: rationals divided, bytes of undefined type unchanged. No more than the bytes hold. */
export function decodeValues(
  type: number,
  bytes: Uint8Array,
  count: number,
  littleEndian: boolean,
): Float64Array {
  const size = typeBytes(type);
  const n = size === 0 ? 0 : Math.min(count, Math.floor(bytes.length / size));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float64Array(n);
  for (let i = 0; i < n; i++) values[i] = readValue(view, i * size, type, littleEndian);
  return values;
}

function readValue(view: DataView, at: number, type: number, le: boolean): number {
  switch (type) {
    case 3:
      return view.getUint16(at, le);
    case 4:
    case 13:
      return view.getUint32(at, le);
    case 5:
      return view.getUint32(at, le) / view.getUint32(at + 4, le);
    case 6:
      return view.getInt8(at);
    case 8:
      return view.getInt16(at, le);
    case 9:
      return view.getInt32(at, le);
    case 10:
      return view.getInt32(at, le) / view.getInt32(at + 4, le);
    case 11:
      return view.getFloat32(at, le);
    case 12:
      return view.getFloat64(at, le);
    case 16:
    case 18:
      return Number(view.getBigUint64(at, le));
    case 17:
      return Number(view.getBigInt64(at, le));
    default:
      return view.getUint8(at);
  }
}

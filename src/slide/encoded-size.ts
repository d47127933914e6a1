/** The size of an encoded image, before it is decoded. */
import { jpegFrame } from './jpeg.ts';
import type { EncodedImageType } from './slide.ts';

/** In pixels; null where the header does not give it plainly. */
export function encodedSize(
  bytes: Uint8Array,
  type: EncodedImageType,
): { readonly width: number; readonly height: number } | null {
  if (type === 'image/jpeg') return jpegFrame(bytes);
  if (type === 'image/png' && bytes.length >= 24) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return { width: view.getUint32(16), height: view.getUint32(20) };
  }
  return null;
}

/** Class maps of the page as the strips that exports read. Pure. */
import { MapStrips } from '../../export/map-strips.ts';
import type { LiveClassMap, SliceMap } from '../overlay/class-map-store.ts';

/** The class map of the whole slide; null while it has no slices. @param slide level-0 size */
export function stripsOf(
  map: LiveClassMap,
  slide: { readonly width: number; readonly height: number },
): MapStrips | null {
  const [first] = map.slices;
  if (first === undefined) return null;
  const { width: cellWidth, height: cellHeight } = first.rect;
  const cellPx = first.map(0).size;
  const columns = Math.ceil(slide.width / cellWidth);
  const rows = Math.ceil(slide.height / cellHeight);
  const cells = new Map<number, SliceMap>();
  for (const slice of map.slices) {
    cells.set(slice.row * columns + slice.column, slice.map(0));
  }
  const geometry = {
    slideWidth: slide.width,
    slideHeight: slide.height,
    ...{ columns, rows, cellWidth, cellHeight, cellPx },
  };
  return new MapStrips(
    geometry,
    { kind: 'slide' },
    (column, row) => cells.get(row * columns + column) ?? null,
  );
}

/** Class values of the whole slide at `width × height`, nearest neighbour; 255 where not segmented. */
export function sampleClassMap(
  map: LiveClassMap,
  slide: { readonly width: number; readonly height: number },
  width: number,
  height: number,
): Uint8Array<ArrayBuffer> {
  const classes = new Uint8Array(width * height).fill(255);
  const stepX = slide.width / width;
  const stepY = slide.height / height;
  for (const slice of map.slices) {
    const { rect } = slice;
    const { size, classes: values } = slice.map(0);
    const left = Math.max(0, Math.ceil(rect.x / stepX - 0.5));
    const right = Math.min(width, Math.ceil((rect.x + rect.width) / stepX - 0.5));
    const top = Math.max(0, Math.ceil(rect.y / stepY - 0.5));
    const bottom = Math.min(height, Math.ceil((rect.y + rect.height) / stepY - 0.5));
    for (let y = top; y < bottom; y++) {
      const row = Math.min(size - 1, Math.floor((((y + 0.5) * stepY - rect.y) / rect.height) * size));
      for (let x = left; x < right; x++) {
        const column = Math.min(size - 1, Math.floor((((x + 0.5) * stepX - rect.x) / rect.width) * size));
        classes[y * width + x] = values[row * size + column] ?? 255;
      }
    }
  }
  return classes;
}

/** What a class map says of a place. Pure. */
import type { LiveClassMap } from './class-map-store.ts';

export interface ClassAt {
  readonly value: number;
  /** 0 to 1. */
  readonly confidence: number;
}

/** @param x level-0 pixels @param y level-0 pixels @returns null where nothing is segmented */
export function classAt(map: LiveClassMap, x: number, y: number): ClassAt | null {
  const any = map.first();
  if (any === null) return null;
  const column = Math.floor((x - any.rect.x) / any.rect.width) + any.column;
  const row = Math.floor((y - any.rect.y) / any.rect.height) + any.row;
  const slice = map.at(column, row);
  if (slice === null) return null;
  const { size, classes, confidence } = slice.map(0);
  const { rect } = slice;
  const px = Math.min(size - 1, Math.max(0, Math.floor(((x - rect.x) / rect.width) * size)));
  const py = Math.min(size - 1, Math.max(0, Math.floor(((y - rect.y) / rect.height) * size)));
  const at = py * size + px;
  return { value: classes[at] ?? 0, confidence: (confidence[at] ?? 0) / 255 };
}

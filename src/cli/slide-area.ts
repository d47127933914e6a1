/** Which part of a slide a call asks for: --roi, --annotations, or all of it. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { readAnnotations } from '../annotation/read-annotations.ts';
import type { SlideArea } from '../export/map-area.ts';
import type { Level0Rect } from '../slide/slide.ts';
import { CommandError } from './command.ts';

/** @throws InvalidArgumentError unless the text is four numbers. */
export function parseRect(text: string): Level0Rect {
  const numbers = text.split(',').map(Number);
  const [x = NaN, y = NaN, width = NaN, height = NaN] = numbers;
  if (numbers.length !== 4 || !Number.isFinite(x + y + width + height) || !(width > 0 && height > 0)) {
    throw new InvalidArgumentError('Four numbers are needed: x,y,width,height in level-0 pixels.');
  }
  return { x, y, width, height };
}

/**
 * The area that a call asks for.
 * @throws CommandError when it asks for two, or the file can't be read; AnnotationError when it holds no areas.
 */
export async function areaOf(call: {
  readonly roi?: Level0Rect;
  readonly annotations?: string;
}): Promise<SlideArea> {
  const { roi, annotations } = call;
  if (roi !== undefined && annotations !== undefined) {
    throw new CommandError('--roi and --annotations both say what to segment. Give one of them.');
  }
  if (roi !== undefined) return { kind: 'rect', rect: roi };
  if (annotations === undefined) return { kind: 'slide' };
  const name = basename(annotations);
  const text = await readFile(annotations, 'utf8').catch(() => null);
  if (text === null) throw new CommandError(`${annotations}: The file can't be read. Check its path.`);
  return { kind: 'polygons', polygons: readAnnotations(text, name).regions };
}

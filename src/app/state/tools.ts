/** Tools that take the pointer: one at a time. Pure. */
import { reduceAnnotate } from '../annotate/annotate-state.ts';
import type { OpenSlide } from './state.ts';

export type Tool = 'annotate' | 'area' | 'measure' | 'known-length' | 'split';

/** The tool that has the pointer; null if the slide itself has it. */
export function toolInHand(
  slide: Pick<OpenSlide, 'annotate' | 'drawing' | 'measure' | 'calibration' | 'splitting'> | null,
): Tool | null {
  if (slide === null) return null;
  if (slide.annotate.tool !== null) return 'annotate';
  if (slide.drawing !== null) return 'area';
  if (slide.measure !== null) return 'measure';
  if (slide.splitting !== null) return 'split';
  return slide.calibration === null ? null : 'known-length';
}

/** The slide with `tool` alone in hand: all others are put down, with what they have drawn so far. */
export function withToolAlone(slide: OpenSlide, tool: Tool): OpenSlide {
  return {
    ...slide,
    annotate:
      tool === 'annotate' || slide.annotate.tool === null
        ? slide.annotate
        : reduceAnnotate(slide.annotate, { kind: 'tool', tool: null }),
    drawing: tool === 'area' ? slide.drawing : null,
    measure: tool === 'measure' ? slide.measure : null,
    calibration: tool === 'known-length' ? slide.calibration : null,
    splitting: tool === 'split' ? slide.splitting : null,
  };
}

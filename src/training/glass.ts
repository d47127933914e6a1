/**
 * Synthetic glass for datasets without any. Images cut out of tissue never show the edge of a section, and a
 * network that was never trained on glass finds tissue in it. Beyond a wavy line, a sample becomes glass, at
 * the same place in the slice and its context.
 */
import { beyondLine, drawWavyLine, softEdge, type WavyLine, withCover } from './cover.ts';
import type { Draw, RawSample } from './sample.ts';

/** The glass of a sample: everything beyond a line. */
export interface Glass extends WavyLine {
  /** RGB */
  readonly colour: readonly [number, number, number];
}

/**
 * @param share of samples that get glass, 0 to 1
 * @returns null for samples without glass
 */
export function drawGlass({ random }: Draw, share: number): Glass | null {
  if (random() >= share) return null;
  const angle = random() * 2 * Math.PI;
  const level = 228 + random() * 24;
  const tint = (): number => Math.min(255, level + (random() - 0.5) * 8);
  const line = drawWavyLine(random, angle);
  return { ...line, colour: [tint(), tint(), tint()] };
}

/** The sample with glass, which is class 0. Does not modify the sample. */
export function withGlass(sample: RawSample, glass: Glass): RawSample {
  return withCover(sample, {
    shareAt: (x, y) => softEdge(beyondLine(x, y, glass)),
    paint: (_x, _y, rgb) => {
      [rgb[0], rgb[1], rgb[2]] = glass.colour;
    },
  });
}

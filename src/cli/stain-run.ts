/** Measures a stain of a slide as a command asks for it. */
import { boundsOfArea, type AreaPolygon, type SlideArea } from '../segment/area.ts';
import { tissueNote, type TissueMask } from '../segment/tissue.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import type { Slide } from '../slide/slide.ts';
import { type StainIndex, type StainSeparation } from '../stain/deconvolve.ts';
import { estimateStains } from '../stain/estimate-stains.ts';
import { checkThresholds, scoreOf, type StainScore, type Thresholds } from '../stain/h-score.ts';
import { measureStain } from '../stain/measure-stain.ts';
import type { WhiteLevel } from '../stain/optical-density.ts';
import { sampleTissue, tissueOfSlide, whiteOfSlide } from '../stain/sample-slide.ts';
import { stainNames, unmixMatrix, type StainSet } from '../stain/stain-vectors.ts';
import { CommandError } from './command.ts';
import { micrometresPerPixel } from './run-model.ts';

export interface StainCall {
  readonly stains: StainSet;
  readonly estimate: boolean;
  readonly white: WhiteLevel | null;
  /** 0 or 1, an index of the stains. */
  readonly stain: StainIndex;
  readonly thresholds: readonly number[];
  readonly area: SlideArea;
  /** µm per measured pixel. */
  readonly umPerPx: number;
  /** µm per level-0 pixel, for a slide without one. */
  readonly slideMpp: number | null;
}

/** What a call settles before anything is measured. */
export interface PreparedStain {
  readonly separation: StainSeparation;
  readonly tissue: TissueMask | null;
  readonly thresholds: Thresholds;
  readonly names: readonly [string, string, string];
  /** µm per measured pixel: never finer than the slide's own. */
  readonly umPerPx: number;
  /** Level-0 pixels per measured pixel, per axis. */
  readonly scale: { readonly x: number; readonly y: number };
  readonly notes: readonly string[];
}

/** @throws CommandError, StainError, SlideError */
export async function prepareStain(slide: Slide, call: StainCall): Promise<PreparedStain> {
  const { metadata } = slide;
  if (metadata.channels !== undefined) {
    throw new CommandError(
      `${metadata.name}: A fluorescence slide has no stains that absorb light. Give a brightfield slide.`,
    );
  }
  const thresholds = checkThresholds(call.thresholds);
  unmixMatrix(call.stains.first, call.stains.second);
  const mpp = micrometresPerPixel(slide, call.slideMpp);
  const umPerPx = Math.max(call.umPerPx, mpp.x, mpp.y);
  const scale = { x: umPerPx / mpp.x, y: umPerPx / mpp.y };
  const { decoder } = nodePlatform();
  const tissue = await tissueOfSlide(slide, decoder, mpp.x);
  const white = call.white ?? (await whiteOfSlide(slide, decoder, tissue));
  let { stains } = call;
  if (call.estimate) {
    const sample = await sampleTissue({ slide, decoder, area: call.area, scale, tissue });
    stains = { ...estimateStains(sample, white), kind: stains.kind };
  }
  const note = tissueNote(tissue, 'skip');
  return {
    ...{ separation: { stains, white }, tissue, thresholds, umPerPx, scale },
    names: stainNames(stains.kind),
    notes: note === null ? [] : [note],
  };
}

/** A score and the tissue that it is of. */
export interface MeasuredArea extends StainScore {
  readonly tissueMm2: number;
  readonly broken: number;
}

/** @returns null for an area without tissue. @throws SlideError */
export async function measureArea(
  slide: Slide,
  { separation, tissue, thresholds, umPerPx, scale }: PreparedStain,
  area: SlideArea,
  stain: StainIndex,
): Promise<MeasuredArea | null> {
  const { decoder } = nodePlatform();
  const { histogram, broken } = await measureStain({
    ...{ slide, decoder, separation, stain, area, scale, tissue },
  });
  const score = scoreOf(histogram, thresholds);
  return score === null ? null : { ...score, tissueMm2: (score.pixels * umPerPx ** 2) / 1e6, broken };
}

/** The regions of an area, one by one; none for a rectangle or the whole slide. */
export function regionsOf(area: SlideArea): readonly AreaPolygon[] {
  return area.kind === 'polygons' ? area.polygons : [];
}

/** The area within the slide, level-0 pixels. @throws CommandError when they don't meet. */
export function boundsOnSlide(
  area: SlideArea,
  { name, width, height }: Slide['metadata'],
): { readonly x: number; readonly y: number; readonly width: number; readonly height: number } {
  const bounds = boundsOfArea(area) ?? { x: 0, y: 0, width, height };
  const [left, top] = [Math.max(0, bounds.x), Math.max(0, bounds.y)];
  const [right, bottom] = [
    Math.min(width, bounds.x + bounds.width),
    Math.min(height, bounds.y + bounds.height),
  ];
  if (!(right > left && bottom > top)) {
    throw new CommandError(`${name}: The area is off the slide, which has ${width} × ${height} pixels.`);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

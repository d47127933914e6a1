/** Measures one stain over an area of a slide. */
import { Deconvolution, type StainIndex, type StainSeparation } from './deconvolve.ts';
import { StainCounter, type StainHistogram } from './h-score.ts';
import { blocksOf, readBlock, type BlockOptions } from './stained-blocks.ts';

export interface StainMeasure {
  readonly histogram: StainHistogram;
  /** Blocks that could not be read and are left out. */
  readonly broken: number;
}

export interface MeasureOptions extends BlockOptions {
  readonly separation: StainSeparation;
  readonly stain: StainIndex;
  /** Called after each block. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * The amounts of a stain on the tissue of an area. Pixels larger than the slide's own average light, as a weaker lens does.
 * @throws StainError, SlideError, an AbortError.
 */
export async function measureStain(options: MeasureOptions): Promise<StainMeasure> {
  const deconvolution = new Deconvolution(options.separation);
  const counter = new StainCounter();
  const blocks = blocksOf(options);
  let broken = 0;
  for (const [i, block] of blocks.entries()) {
    const read = await readBlock(block, options);
    if (read === 'broken') broken++;
    else if (read !== null) counter.add(deconvolution.amounts(read.rgba, options.stain), read.counted);
    options.onProgress?.(i + 1, blocks.length);
  }
  return { histogram: counter.histogram(), broken };
}

/** The automatic window of a channel and its histogram, from evenly spread tiles of its smallest level. */
import type { SlidePlatform } from '../slide.ts';
import type { ChannelMeasure, ValueWindow } from './channel-view.ts';
import type { GreyGrid } from './grey-channel.ts';

/** Share of pixels clipped at the dark and at the bright end. */
const darkShare = 0.01;
const brightShare = 0.002;
/** Tiles of the smallest level that are read, of all grids together. */
const maxMeasuredTiles = 64;
/** Steps of the histogram. */
const histogramSteps = 64;

/**
 * Measures a channel. Tiles that can't be read are left out.
 * @param grids the smallest levels of the areas that share the window; at least one, of equal depth.
 */
export async function measureChannel(
  grids: readonly GreyGrid[],
  platform: SlidePlatform,
): Promise<ChannelMeasure> {
  const counts = new Uint32Array(2 ** grids[0]!.bits);
  const most = Math.max(1, Math.floor(maxMeasuredTiles / grids.length));
  for (const grid of grids) await countValues(grid, platform, most, counts);
  return measureOf(counts);
}

/** @param counts pixels of each value, from 0 up. */
export function measureOf(counts: Uint32Array): ChannelMeasure {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) {
    const most = counts.length - 1;
    return { window: [0, most], least: 0, most, histogram: new Array<number>(histogramSteps).fill(0) };
  }
  const least = counts.findIndex((count) => count > 0);
  const most = counts.findLastIndex((count) => count > 0);
  return { window: windowOf(counts, total), least, most, histogram: stepsOf(counts, least, most) };
}

/** The values below and above which the darkest and brightest pixels are clipped. */
function windowOf(counts: Uint32Array, total: number): ValueWindow {
  let low = 0;
  for (let seen = counts[0]!; low < counts.length - 1 && seen <= total * darkShare;) seen += counts[++low]!;
  let high = counts.length - 1;
  for (let seen = counts[high]!; high > low && seen <= total * brightShare;) seen += counts[--high]!;
  return [low, high > low ? high : low + 1];
}

function stepsOf(counts: Uint32Array, least: number, most: number): number[] {
  const steps = new Array<number>(histogramSteps).fill(0);
  const perStep = (most - least + 1) / histogramSteps;
  for (let value = least; value <= most; value++) {
    const step = Math.min(histogramSteps - 1, Math.floor((value - least) / perStep));
    steps[step] = steps[step]! + counts[value]!;
  }
  return steps;
}

async function countValues(
  grid: GreyGrid,
  platform: SlidePlatform,
  maxTiles: number,
  counts: Uint32Array,
): Promise<void> {
  const tiles = grid.columns * grid.rows;
  const step = Math.max(1, tiles / maxTiles);
  for (let at = 0; at < tiles; at += step) {
    const index = Math.floor(at);
    const [column, row] = [index % grid.columns, Math.floor(index / grid.columns)];
    const values = await grid.values(column, row, platform).catch(() => null);
    if (values === null) continue;
    // Without pixels beyond the border, which are zero or repeat the edge.
    const width = Math.min(grid.tileWidth, grid.width - column * grid.tileWidth);
    const height = Math.min(grid.tileHeight, grid.height - row * grid.tileHeight);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) counts[values[y * grid.tileWidth + x]!]!++;
    }
  }
}

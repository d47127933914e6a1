import { describe, expect, it } from 'vitest';
import { fitWarning, isUnlikeTraining } from '../base/tissue-fit.ts';
import { ModelError } from '../runtime/manifest.ts';
import type { InputImage, Segmenter } from '../runtime/segmenter.ts';
import { SlideError, type Level0Rect } from '../slide/slide.ts';
import { planSlices } from './grid.ts';
import { fixedNetwork, type Network } from './network.ts';
import type { SliceReader } from './slice-reader.ts';
import { evenlySpread, measureFit } from './measure-fit.ts';
import type { TissueMask } from './tissue.ts';

const model = { slice: { fieldUm: 100, sizePx: 8 }, context: null };
/** 1050 × 350 µm: 11 × 4 slices, of which 10 × 3 lie within the slide. */
const plan = planSlices({ slide: { width: 2100, height: 700 }, mpp: { x: 0.5, y: 0.5 }, model });

/** Reads slices that hold their column in the first value. */
function columnReader(seen: Level0Rect[] = []): SliceReader {
  return {
    read: async (rect, size) => {
      seen.push(rect);
      return { width: size, height: size, data: new Uint8ClampedArray(4 * size * size).fill(rect.x / 200) };
    },
  };
}

/** A network whose distance is a slice's column, divided by five. */
function network(distance = async (slice: InputImage) => (slice.data[0] ?? 0) / 5): Network {
  return fixedNetwork({ distance } as unknown as Segmenter);
}

describe('measureFit', () => {
  it('is the median over slices within the slide', async () => {
    const seen: Level0Rect[] = [];
    const fit = await measureFit({ reader: columnReader(seen), plan, tissue: null, network: network() });
    expect(seen).toHaveLength(16);
    expect(seen.every(({ x, y }) => x + 200 <= 2100 && y + 200 <= 700)).toBe(true);
    // Every other slice of three rows of ten, from the second: columns 0 to 9, of which those from 6 are beyond 1.
    expect(fit?.slices).toBe(16);
    expect(fit?.distance).toBeCloseTo(0.9, 6);
    expect(fit?.beyond).toBeCloseTo(6 / 16, 6);
  });

  it('looks where the tissue is', async () => {
    const tissue: TissueMask = {
      width: 21,
      height: 7,
      scaleX: 100,
      scaleY: 100,
      threshold: 10,
      // Columns 3 and 4 of the slices.
      tissue: Uint8Array.from({ length: 21 * 7 }, (_, i) => ([6, 7, 8, 9].includes(i % 21) ? 1 : 0)),
    };
    const seen: Level0Rect[] = [];
    await measureFit({ reader: columnReader(seen), plan, tissue, network: network() });
    expect(new Set(seen.map(({ x }) => x / 200))).toEqual(new Set([3, 4]));
  });

  it('is not measured without statistics', async () => {
    const unknown = fixedNetwork({} as Segmenter);
    expect(await measureFit({ reader: columnReader(), plan, tissue: null, network: unknown })).toBeNull();
  });

  it('goes on after a broken slice, and with the replacement of a failed network', async () => {
    let reads = 0;
    const broken: SliceReader = {
      read: async (rect, size, signal) => {
        if (reads++ % 2 === 0) throw new SlideError('broken-tile', 's', 'Broken.', 'Copy it again.');
        return columnReader().read(rect, size, signal);
      },
    };
    let failures = 0;
    const failing = network(async () => {
      if (failures++ === 0) throw new ModelError('backend', 'm', 'Lost.', 'Again.');
      return 2;
    });
    const recovering = { ...failing, recover: () => Promise.resolve(true) };
    const fit = await measureFit({ reader: broken, plan, tissue: null, network: recovering });
    expect(fit).toEqual({ slices: 8, distance: 2, beyond: 1 });
    failures = 0;
    await expect(
      measureFit({ reader: columnReader(), plan, tissue: null, network: failing }),
    ).rejects.toThrow('Lost.');
  });

  it('ends without a figure when it is aborted', async () => {
    const controller = new AbortController();
    const reader: SliceReader = {
      read: async () => {
        controller.abort();
        throw controller.signal.reason as Error;
      },
    };
    const { signal } = controller;
    expect(await measureFit({ reader, plan, tissue: null, network: network(), signal })).toBeNull();
  });
});

it('warns beyond the distance of known tissue, with the figure', () => {
  const fit = { slices: 16, distance: 1, beyond: 0.5 };
  expect(isUnlikeTraining(fit)).toBe(false);
  expect(fitWarning(fit, 'M')).toBeNull();
  expect(fitWarning({ ...fit, distance: 2.06 }, 'Colon glands')).toBe(
    'This tissue does not look like what Colon glands was trained on: it is 2.1 times as far from it as known tissue ' +
      '(median of 16 slices). Classes may be meaningless.',
  );
  expect(fitWarning({ slices: 1, distance: 12.3, beyond: 1 }, 'M')).toContain('12 times as far');
  expect(fitWarning({ slices: 1, distance: 12.3, beyond: 1 }, 'M')).toContain('of 1 slice)');
});

it('spreads a choice evenly', () => {
  expect(evenlySpread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3)).toEqual([1, 5, 8]);
  expect(evenlySpread([1, 2], 5)).toEqual([1, 2]);
  expect(evenlySpread([], 5)).toEqual([]);
});

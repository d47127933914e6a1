import { join } from 'node:path';
import { expect, it } from 'vitest';
import { planSegment } from './segment-plan.ts';
import { smallRegion } from './segment-testing.ts';
import { openFromCommandLine } from './slide.ts';

it('looks for tissue also where slices without it are included: areas leave glass out', async () => {
  const model = join(import.meta.dirname, '../../models/nano-single');
  const slide = await openFromCommandLine([smallRegion]);
  const planned = (glass: 'skip' | 'include') =>
    planSegment(slide, { model, out: 'none', quality: 'fast', glass });
  try {
    expect((await planned('skip')).tissue).not.toBeNull();
    const { tissue, plan } = await planned('include');
    expect(tissue).not.toBeNull();
    // 1107.8 × 1480.5 µm in slices of 467 µm.
    expect([plan.slices.length, plan.skipped]).toEqual([12, 0]);
  } finally {
    slide.close();
  }
});

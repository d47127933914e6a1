// @vitest-environment jsdom
/** Opening panes: what starts by itself and what does not. */
import { expect, it, vi } from 'vitest';
import { TestBench, testModel } from '../testing.tsx';
import { setPaneCount } from './compare-commands.ts';

function afterRun() {
  const bench = new TestBench();
  bench.ready().models(...['alpha', 'beta', 'gamma', 'delta'].map((id) => testModel(id)));
  bench.startRun('alpha').endRun('alpha', { slices: 4, seconds: 1 });
  const segment = vi.spyOn(bench.workbench.segmentation, 'segment').mockResolvedValue(undefined);
  const enqueue = vi.spyOn(bench.workbench.segmentation, 'enqueue').mockReturnValue(undefined);
  return { bench, segment, enqueue };
}

it('runs the model of a second pane on the area of the last run', () => {
  const { bench, segment } = afterRun();
  setPaneCount(bench.workbench, 2);
  expect(segment).toHaveBeenCalledOnce();
});

it('starts nothing for four panes, whether a run has ended or is going on', () => {
  const { bench, segment, enqueue } = afterRun();
  setPaneCount(bench.workbench, 4);
  expect(bench.workbench.store.getState().panes).toHaveLength(4);
  setPaneCount(bench.workbench, 1);
  bench.startRun('alpha');
  setPaneCount(bench.workbench, 4);
  expect(segment).not.toHaveBeenCalled();
  expect(enqueue).not.toHaveBeenCalled();
});

import { describe, expect, it } from 'vitest';
import type { SegmentSummary } from '../../segment/run-progress.ts';
import { reduceRun, wholeProgress } from './run-state.ts';
import type { RunAction, Runs } from './run-state.ts';

const nothing: Runs = { run: null, lastRun: null, stoppedOn: null };
const after = (...actions: RunAction[]): Runs => actions.reduce(reduceRun, nothing);

const result = {
  column: 0,
  row: 0,
  rect: { x: 0, y: 0, width: 1, height: 1 },
  size: 1,
  classes: new Uint8Array(1),
  confidence: new Uint8Array(1),
};

const summary: SegmentSummary = {
  slices: 3,
  restored: 0,
  skipped: 0,
  broken: 0,
  regionsEncoded: 1,
  seconds: 2,
  cancelled: true,
  recoveries: 0,
  stages: { readMs: 0, decodeMs: 0, preprocessMs: 0, waitMs: 0, encodeMs: 0, inferMs: 0, stitchMs: 0 },
  memory: null,
};

const started = (modelId = 'm'): RunAction => ({ type: 'run-started', modelId, extent: 'whole' });
const planned = (modelId = 'm', slices = 8): RunAction => ({
  type: 'run-event',
  modelId,
  event: { kind: 'planned', slices, regions: 1, skipped: 2 },
});
const slice = (modelId = 'm', done = 3, total = 8): RunAction => ({
  type: 'run-event',
  modelId,
  event: { kind: 'slice', result, done, total, rate: 6, etaSeconds: done },
});

describe('a run of one model', () => {
  it('goes from preparing to running', () => {
    expect(after(started()).run?.phase).toBe('preparing');
    expect(after(started(), planned()).run).toMatchObject({ phase: 'running', models: [{ total: 8 }] });
    expect(after(started(), planned(), slice()).run?.models).toMatchObject([{ done: 3, rate: 6 }]);
  });

  it('stays cancelling when a last slice comes in', () => {
    expect(after(started(), planned(), { type: 'run-cancelling' }, slice()).run?.phase).toBe('cancelling');
  });

  it('leaves its outcome', () => {
    const { run, lastRun } = after(started(), planned(), slice(), {
      type: 'run-ended',
      modelId: 'm',
      summary,
    });
    expect(run).toBeNull();
    expect(lastRun).toMatchObject({ extent: 'whole', slices: 3, seconds: 2, cancelled: true, restored: 0 });
    expect(lastRun?.models.map(({ modelId }) => modelId)).toEqual(['m']);
  });

  it('ignores events after its end', () => {
    expect(after(slice()).run).toBeNull();
  });
});

describe('a run of several models', () => {
  const two = [started('m'), started('n'), planned('m'), planned('n', 20), slice('m', 3), slice('n', 5, 20)];

  it('keeps the progress of each, and adds them up', () => {
    const { run } = after(...two);
    expect(run?.models.map(({ modelId, done, total }) => [modelId, done, total])).toEqual([
      ['m', 3, 8],
      ['n', 5, 20],
    ]);
    expect(wholeProgress(run!)).toEqual({
      done: 8,
      total: 28,
      rate: 12,
      etaSeconds: 5,
      broken: 0,
      skipped: 4,
    });
  });

  it('is over with the last of them, and one that failed does not hide what the other did', () => {
    const one = after(...two, { type: 'run-ended', modelId: 'm', summary: null });
    expect(one.run?.models.map(({ ended }) => ended)).toEqual([true, false]);
    // What comes late of one that has ended changes nothing.
    expect(reduceRun(one, slice('m', 7)).run?.models[0]?.done).toBe(3);
    const done = { ...summary, slices: 20, seconds: 9, cancelled: false };
    const { run, lastRun } = reduceRun(one, { type: 'run-ended', modelId: 'n', summary: done });
    expect(run).toBeNull();
    expect(lastRun).toMatchObject({ slices: 20, seconds: 9, cancelled: false });
  });

  it('adds up what was done, and takes the time of the longest', () => {
    const { lastRun } = after(
      ...two,
      { type: 'run-ended', modelId: 'n', summary: { ...summary, slices: 20, seconds: 9, cancelled: false } },
      { type: 'run-ended', modelId: 'm', summary },
    );
    expect(lastRun).toMatchObject({ slices: 23, seconds: 9, cancelled: true });
    expect(lastRun?.models.map(({ modelId, slices }) => [modelId, slices])).toEqual([
      ['m', 3],
      ['n', 20],
    ]);
  });
});

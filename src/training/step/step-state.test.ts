import { Tensor } from 'onnxruntime-node';
import { describe, expect, it, vi } from 'vitest';
import { StepState } from './step-state.ts';

function tensorOf(values: readonly number[]): { tensor: Tensor; dispose: ReturnType<typeof vi.spyOn> } {
  const tensor = new Tensor('float32', Float32Array.from(values), [values.length]);
  return { tensor, dispose: vi.spyOn(tensor, 'dispose') };
}

describe('StepState', () => {
  it('is written to one buffer while the other is read', () => {
    const state = new StepState();
    state.set('w', Float32Array.of(1, 2), [2]);
    const next = state.spare('w')!;
    next.set([3, 4]);
    expect(state.get('w')).toEqual(Float32Array.of(1, 2));
    state.swap('w');
    expect(state.get('w')).toBe(next);
    expect(state.spare('loss')).toBeNull();
    expect(() => state.get('loss')).toThrow('has no "loss"');
  });

  it('never returns an older value while the current one is in the provider’s memory', () => {
    const state = new StepState();
    state.set('w', Float32Array.of(1, 2), [2]);
    state.advance('w', tensorOf([3, 4]).tensor);
    expect(state.unread).toEqual(['w']);
    expect(() => state.get('w')).toThrow('has not been read back');
    state.spare('w')!.set([3, 4]);
    state.read('w');
    expect(state.unread).toEqual([]);
    expect(state.get('w')).toEqual(Float32Array.of(3, 4));
    // What was read back may be written to: then the provider's copy no longer counts.
    state.write('w', Float32Array.of(7), 1);
    expect(state.kept('w')).toBeNull();
    expect(state.get('w')).toEqual(Float32Array.of(3, 7));
  });

  it('frees every tensor once it is replaced', () => {
    const state = new StepState();
    state.set('w', Float32Array.of(1), [1]);
    const [first, second, third] = [tensorOf([1]), tensorOf([2]), tensorOf([3])];
    state.copied('w', first.tensor);
    expect(state.unread).toEqual([]);
    state.advance('w', second.tensor);
    expect(first.dispose).toHaveBeenCalledTimes(1);
    state.spare('w')!.set([2]);
    state.read('w');
    expect(state.kept('w')).toBe(second.tensor);
    state.advance('w', third.tensor);
    expect(second.dispose).toHaveBeenCalledTimes(1);
    state.clear();
    expect(third.dispose).toHaveBeenCalledTimes(1);
    expect(first.dispose).toHaveBeenCalledTimes(1);
    expect(state.has('w')).toBe(false);
  });
});

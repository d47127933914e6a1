import { describe, expect, it, vi } from 'vitest';
import { ContextCache } from './slice-inputs.ts';

function features() {
  return { dispose: vi.fn<() => void>() };
}

describe('context cache', () => {
  it('disposes what was used longest ago, once', () => {
    const cache = new ContextCache(2);
    const [a, b, c] = [features(), features(), features()];
    cache.put(0, a);
    cache.put(1, b);
    expect(cache.get(0)).toBe(a);
    cache.put(2, c);
    expect(b.dispose).toHaveBeenCalledOnce();
    expect(cache.get(1)).toBeNull();
    expect([cache.has(0), cache.has(2), cache.size]).toEqual([true, true, 2]);
    expect(a.dispose).not.toHaveBeenCalled();
  });

  it('disposes what is replaced and what is left at the end', () => {
    const cache = new ContextCache(2);
    const [a, b] = [features(), features()];
    cache.put(0, a);
    cache.put(0, b);
    expect(a.dispose).toHaveBeenCalledOnce();
    cache.clear();
    cache.clear();
    expect(b.dispose).toHaveBeenCalledOnce();
    expect(cache.size).toBe(0);
  });

  it('refuses to hold nothing', () => {
    expect(() => new ContextCache(0)).toThrow(RangeError);
  });
});

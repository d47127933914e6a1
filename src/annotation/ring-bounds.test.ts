import { describe, expect, it } from 'vitest';
import { boundsOfRings } from './ring-bounds.ts';

describe('boundsOfRings', () => {
  it('spans every ring', () => {
    const rings = [Float64Array.of(3, -2, 10, 4, 5, 9), [-1, 0, 2, 1]];
    expect(boundsOfRings(rings)).toEqual({ x: -1, y: -2, width: 11, height: 11 });
  });

  it('ignores a number without a partner', () => {
    expect(boundsOfRings([[1, 2, 3, 5, 100]])).toEqual({ x: 1, y: 2, width: 2, height: 3 });
  });

  it('intersects nothing where there is no point', () => {
    expect(boundsOfRings([])).toEqual({ x: Infinity, y: Infinity, width: -Infinity, height: -Infinity });
  });
});

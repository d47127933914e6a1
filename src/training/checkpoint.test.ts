import { expect, it } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';

const checkpoint = {
  step: 3,
  config: '{"id":"a"}',
  losses: [3, 2, 1],
  validation: [],
  seconds: 5,
  variables: new Map([['kernel', { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }]]),
  optimiser: new Map([['kernel/m', { shape: [1], data: Float32Array.of(0.5) }]]),
};

it('gives back what was written', () => {
  expect(decodeCheckpoint(encodeCheckpoint(checkpoint), 'a.bin')).toEqual(checkpoint);
});

it('refuses a file in which any bit has changed, that was cut short or has a tail', () => {
  const bytes = encodeCheckpoint(checkpoint);
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << bit;
      expect(() => decodeCheckpoint(damaged, 'a.bin')).toThrow(
        'a.bin: this checkpoint is incomplete or damaged',
      );
    }
  }
  for (let end = 0; end < bytes.length; end++) {
    expect(() => decodeCheckpoint(bytes.slice(0, end), 'a.bin')).toThrow('incomplete or damaged');
  }
  expect(() => decodeCheckpoint(Uint8Array.of(...bytes, 0), 'a.bin')).toThrow('incomplete or damaged');
});

import { expect, it } from 'vitest';
import { copyBlock } from './copy-block.ts';

it.each([
  { name: 'whole words', width: 8, first: 20, stride: 16, offset: 0 },
  { name: 'a width of odd bytes', width: 7, first: 20, stride: 16, offset: 0 },
  { name: 'a start between words', width: 8, first: 21, stride: 16, offset: 0 },
  { name: 'bytes that begin between words', width: 8, first: 20, stride: 16, offset: 3 },
])('copies a rectangle and nothing beside it: $name', ({ width, first, stride, offset }) => {
  const from = new Uint8Array(new ArrayBuffer(256), offset, 200);
  from.set(from.map((_value, i) => i));
  const to = new Uint8Array(100).fill(255);
  copyBlock({ bytes: from, first, stride }, { bytes: to, first: 4, stride: 20 }, width, 3);
  const expected = Array.from({ length: 100 }, (_value, i) => {
    const row = Math.floor((i - 4) / 20);
    const column = i - 4 - 20 * row;
    return row >= 0 && row < 3 && column < width ? first + row * stride + column : 255;
  });
  expect([...to]).toEqual(expected);
});

import { expect, test } from 'vitest';
import { decimalNumber, positiveDecimal } from './decimal.ts';

test.each([
  ['0.25', 0.25],
  ['0,25', 0.25],
  [' 0,500000', 0.5],
  ['2,017', 2.017],
  ['20x', 20],
  ['2.5e-4 mm', 0.00025],
  ['.5', 0.5],
  ['-1', -1],
  ['', null],
  ['x20', null],
  ['1e999', null],
])('"%s" is %s', (text, value) => {
  expect(decimalNumber(text)).toBe(value);
});

test('zero and less are no positive number', () => {
  expect(['0', '-3', undefined, 'none'].map(positiveDecimal)).toEqual([null, null, null, null]);
});

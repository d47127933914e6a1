import { expect, it } from 'vitest';
import {
  formatArea,
  formatBytes,
  formatCount,
  formatDuration,
  formatLarge,
  formatRate,
  formatShare,
} from './format.ts';

it('formats numbers with units and few digits', () => {
  expect(formatCount(1080)).toBe('1,080');
  expect(formatRate(6.27)).toBe('6.3');
  expect(formatRate(0.4167)).toBe('0.42');
  expect(formatRate(12.4)).toBe('12');
  expect(formatArea(12_400_000)).toBe('12.4 mm²');
  expect(formatArea(200_000)).toBe('0.20 mm²');
  expect(formatArea(0)).toBe('0 mm²');
  expect(formatArea(640)).toBe('640 µm²');
  expect(formatBytes(1_938_955)).toBe('1.9 MB');
  expect(formatBytes(812)).toBe('812 B');
  expect(formatShare(0)).toBe('0 %');
  expect(formatShare(0.0001)).toBe('< 0.1 %');
  expect(formatShare(0.022)).toBe('2.2 %');
  expect(formatShare(0.221)).toBe('22 %');
  expect(formatLarge(402_000)).toBe('402 k');
  expect(formatLarge(111_456_132)).toBe('111 M');
});

it('formats durations as spoken', () => {
  expect(formatDuration(7.6)).toBe('8 s');
  expect(formatDuration(106)).toBe('1 min 46 s');
  expect(formatDuration(120)).toBe('2 min');
  expect(formatDuration(7500)).toBe('2 h 5 min');
});

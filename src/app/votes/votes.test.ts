import { describe, expect, it } from 'vitest';
import { noVotes, voteClasses, votesOf } from './votes.ts';
import type { VoteGrid } from './votes.ts';

const isBackground = (value: number): boolean => value === 0;
const rect = { x: 100, y: 200, width: 40, height: 40 };
const grid = (...classes: number[]): VoteGrid => ({ rect, size: 2, classes: Uint8Array.from(classes) });

describe('votesOf', () => {
  it('counts the models that name the most frequent class', () => {
    // Per pixel: all background; 2 of 3 class 1; all class 2; three opinions.
    const votes = votesOf(grid(0, 1, 2, 1), [[grid(0, 1, 2, 2)], [grid(0, 0, 2, 3)]], isBackground);
    expect([...votes]).toEqual([0, 2, 3, 1]);
  });

  it('shows where most, but not all, see background', () => {
    expect([...votesOf(grid(0, 0, 0, 0), [[grid(0, 1, 0, 0)], [grid(0, 0, 0, 2)]], isBackground)]).toEqual([
      0, 2, 0, 2,
    ]);
  });

  it('says nothing where fewer than two models know the place', () => {
    const right = { rect: { ...rect, x: 120 }, size: 2, classes: Uint8Array.of(1, 1, 1, 1) };
    expect([...votesOf(grid(1, 1, 1, 2), [[right], []], isBackground)]).toEqual([noVotes, 2, noVotes, 1]);
  });

  it('reads models of other resolutions where they are', () => {
    const fine = { rect, size: 4, classes: Uint8Array.from({ length: 16 }, (_, at) => (at < 8 ? 1 : 2)) };
    expect([...votesOf(grid(1, 2, 1, 2), [[fine]], isBackground)]).toEqual([2, 1, 1, 2]);
  });
});

it('names the classes of five models', () => {
  expect(voteClasses(5).map(({ name }) => name)).toEqual([
    'all: background',
    'no two agree',
    '2 of 5 agree',
    '3 of 5 agree',
    '4 of 5 agree',
    '5 of 5 agree',
  ]);
  expect(new Set(voteClasses(5).map(({ colour }) => colour)).size).toBe(6);
});

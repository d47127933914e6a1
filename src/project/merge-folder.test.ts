import { expect, it } from 'vitest';
import { mergeFolder, projectOfFolder } from './merge-folder.ts';
import type { FoundSlide } from './merge-folder.ts';
import { differenceOf } from './merge-projects.ts';
import { fingerprintOf, resultOf, slideAt } from './testing/slides.ts';

const at = (path: string, bytes: number): FoundSlide => ({ name: path.split('/').at(-1)!, path, bytes });
const ids = (): (() => string) => {
  let next = 1;
  return () => `new-${next++}`;
};
const known = (path: string, bytes: number, letter: string | null) =>
  slideAt(path, { bytes, fingerprint: letter === null ? null : fingerprintOf(letter), reviewed: true });

it('lists a new folder in the order of names and numbers', () => {
  const folder = ['case 10.svs', 'case 2.svs', 'b/x.svs', 'Case 1.svs'].map((path) => at(path, 1));
  const { slides, added, missing } = mergeFolder([], folder, new Map(), ids());
  expect(slides.map(({ path, place }) => [path, place])).toEqual([
    ['b/x.svs', 0],
    ['Case 1.svs', 1],
    ['case 2.svs', 2],
    ['case 10.svs', 3],
  ]);
  expect([added.length, missing.length]).toEqual([4, 0]);
});

it('finds moved and renamed slides by content, once their fingerprints are known', () => {
  const slides = [known('a.svs', 10, 'a'), known('b.svs', 20, 'b'), known('c.svs', 30, 'c')];
  const folder = [at('a.svs', 10), at('old/b renamed.svs', 20), at('d.svs', 40)];
  const first = mergeFolder(slides, folder, new Map(), ids());
  expect(first.candidates).toEqual(['old/b renamed.svs']);
  const prints = new Map([['old/b renamed.svs', fingerprintOf('b')]]);
  const merge = mergeFolder(slides, folder, prints, ids());
  expect(merge.candidates).toEqual([]);
  expect(merge.missing).toEqual([slides[2]!.id]);
  expect(merge.found.get(slides[1]!.id)).toBe('old/b renamed.svs');
  expect(merge.slides.map(({ id, path, reviewed }) => [id, path, reviewed])).toEqual([
    [slides[0]!.id, 'a.svs', true],
    [slides[1]!.id, 'old/b renamed.svs', true],
    [slides[2]!.id, 'c.svs', true],
    ['new-1', 'd.svs', false],
  ]);
});

it('tells two slides that swapped names apart by content, and takes one with a known place and new content as changed', () => {
  const slides = [known('a.svs', 10, 'a'), known('b.svs', 20, 'b')];
  const swapped = [at('a.svs', 20), at('b.svs', 10)];
  const prints = new Map([
    ['a.svs', fingerprintOf('b')],
    ['b.svs', fingerprintOf('a')],
  ]);
  const { found } = mergeFolder(slides, swapped, prints, ids());
  expect([...found]).toEqual([
    [slides[0]!.id, 'b.svs'],
    [slides[1]!.id, 'a.svs'],
  ]);
  const changed = mergeFolder([known('a.svs', 10, 'a')], [at('a.svs', 99)], new Map(), ids());
  expect([...changed.found.values()]).toEqual(['a.svs']);
  expect(changed.added).toEqual([]);
});

it('gives one of two equal files to one slide, and takes 10,000 slides at most', () => {
  const slides = [known('a.svs', 10, 'a')];
  const prints = new Map([
    ['x/a.svs', fingerprintOf('a')],
    ['y/a.svs', fingerprintOf('a')],
  ]);
  const twice = mergeFolder(slides, [at('x/a.svs', 10), at('y/a.svs', 10)], prints, ids());
  expect([twice.found.size, twice.added.length]).toEqual([2, 1]);
  const vast = Array.from({ length: 10_003 }, (_, i) => at(`${i}.svs`, i));
  const { slides: listed, leftOut } = mergeFolder([], vast, new Map(), ids());
  expect([listed.length, leftOut]).toEqual([10_000, 3]);
});

it('knows a folder again by most of its slides', () => {
  const one = { slides: ['a', 'b', 'c'].map((path) => slideAt(path, { bytes: 1 })) };
  const other = { slides: ['a', 'x'].map((path) => slideAt(path, { bytes: 1 })) };
  const folder = ['a', 'b', 'd', 'e'].map((path) => at(path, 1));
  expect(projectOfFolder([other, one], folder)).toBe(one);
  expect(projectOfFolder([one], [at('a', 2), at('b', 2)])).toBeNull();
  expect(projectOfFolder([], folder)).toBeNull();
});

it('adds what a project file from another computer has and this one has not', () => {
  const mine = slideAt('a.svs', { notes: 'mine', results: { alpha: resultOf({ date: '2026-02-01' }) } });
  const theirs = slideAt('a.svs', {
    reviewed: true,
    notes: 'theirs',
    caseNumber: '26/1',
    results: { alpha: resultOf({ date: '2026-01-01' }), beta: resultOf() },
  });
  const { added, changes } = differenceOf([mine], [theirs, slideAt('b.svs', { queued: true })]);
  expect(added).toEqual([slideAt('b.svs')]);
  expect(changes).toEqual([
    [mine.id, { kind: 'reviewed', reviewed: true }],
    [mine.id, { kind: 'words', caseNumber: '26/1' }],
    [mine.id, { kind: 'result', modelId: 'beta', result: resultOf() }],
  ]);
  const replaced = { ...mine, fingerprint: fingerprintOf('a') };
  expect(differenceOf([replaced], [{ ...theirs, fingerprint: fingerprintOf('b') }]).changes).toEqual([]);
});

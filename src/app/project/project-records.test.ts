import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ProjectSlide } from '../../project/project.ts';
import { changeSlide } from '../../project/slide-change.ts';
import { resultOf, slideAt } from '../../project/testing/slides.ts';
import type { ChangeChannel } from '../annotate/annotation-store.ts';
import { ProjectRecords } from './project-records.ts';
import type { ProjectTable } from './project-table.ts';

/** A disk that two tabs share. */
class Disk {
  readonly slides = new Map<string, ProjectSlide>();
  readonly channels: ChangeChannel[] = [];
  isFull = false;

  readonly table = {
    write: async (_id, { added, changes }) => {
      await Promise.resolve();
      if (this.isFull) throw new Error('The disk is full.');
      for (const slide of added) this.slides.set(slide.id, slide);
      const ids = [...new Set([...added.map(({ id }) => id), ...changes.keys()])];
      return ids.flatMap((id) => {
        const before = this.slides.get(id);
        if (before === undefined) return [];
        const after = (changes.get(id) ?? []).reduce(changeSlide, before);
        this.slides.set(id, after);
        return after;
      });
    },
    readSlides: (_id, ids) => Promise.resolve(ids.flatMap((id) => this.slides.get(id) ?? [])),
    put: (_id, slides) => {
      for (const slide of slides) this.slides.set(slide.id, slide);
      return Promise.resolve();
    },
  } satisfies Partial<ProjectTable> as unknown as ProjectTable;

  channel(): ChangeChannel {
    const channel: ChangeChannel = {
      post: (message) => {
        for (const other of this.channels) if (other !== channel) other.onMessage(structuredClone(message));
      },
      onMessage: () => undefined,
    };
    this.channels.push(channel);
    return channel;
  }
}

const settle = () => vi.advanceTimersByTimeAsync(1);
let disk: Disk;
let failing: (string | null)[];
const tab = (project = 'p'): ProjectRecords =>
  new ProjectRecords(project, [...disk.slides.values()], disk.table, disk.channel(), {
    changed: () => undefined,
    failing: (reason) => failing.push(reason),
  });

beforeEach(() => {
  vi.useFakeTimers();
  disk = new Disk();
  failing = [];
  disk.slides.set('id-a-svs', slideAt('a.svs'));
});
afterEach(() => vi.useRealTimers());

it('keeps what two tabs change of one slide at the same time, in both of them and on disk', async () => {
  const [one, other] = [tab(), tab()];
  one.change([['id-a-svs', { kind: 'reviewed', reviewed: true }]]);
  other.change([['id-a-svs', { kind: 'result', modelId: 'alpha', result: resultOf() }]]);
  other.change([['id-a-svs', { kind: 'words', notes: 'deeper' }]]);
  expect(one.slide('id-a-svs')?.reviewed).toBe(true);
  await settle();
  const expected = { reviewed: true, notes: 'deeper', results: { alpha: resultOf() } };
  expect(disk.slides.get('id-a-svs')).toMatchObject(expected);
  expect(one.slide('id-a-svs')).toMatchObject(expected);
  expect(other.slide('id-a-svs')).toMatchObject(expected);
});

it('says that the disk is full, keeps the changes, and writes them when it can', async () => {
  const records = tab();
  disk.isFull = true;
  records.change([['id-a-svs', { kind: 'reviewed', reviewed: true }]], [slideAt('b.svs')]);
  await settle();
  records.change([['id-b-svs', { kind: 'words', notes: 'new' }]]);
  await settle();
  expect([failing, records.isFailing, disk.slides.size]).toEqual([['The disk is full.'], true, 1]);
  disk.isFull = false;
  await vi.advanceTimersByTimeAsync(4000);
  expect([failing, records.isFailing]).toEqual([['The disk is full.', null], false]);
  expect(disk.slides.get('id-a-svs')?.reviewed).toBe(true);
  expect(disk.slides.get('id-b-svs')?.notes).toBe('new');
});

it('writes what is pending when the page closes, and leaves other projects alone', () => {
  const records = tab();
  const elsewhere = tab('q');
  records.change([['id-a-svs', { kind: 'reviewed', reviewed: true }]]);
  records.flush();
  expect(disk.slides.get('id-a-svs')?.reviewed).toBe(true);
  expect(elsewhere.slide('id-a-svs')?.reviewed).toBe(false);
});

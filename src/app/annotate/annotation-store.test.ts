import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ErrorReport } from '../../base/error-report.ts';
import type { Annotation } from './annotation.ts';
import { earlierBookmarks, type Bookmark, type EarlierBookmarks } from '../navigate/bookmarks.ts';
import { itemName, splitSlideRecord } from './annotation-record.ts';
import type { KeptAnnotations, KeptTruth, StoredRecord } from './annotation-record.ts';
import { AnnotationStore } from './annotation-store.ts';
import type { ChangeChannel } from './annotation-store.ts';
import type { RecordTable, SlideContent, TableChanges } from './annotation-table.ts';

const shape = (id: string, x = 0): Annotation => ({
  id,
  label: 'tumour',
  outer: [x, 0, 9, 0, 9, 9],
  holes: [],
});
const kept = (...annotations: Annotation[]): KeptAnnotations => ({ annotations, bookmarks: [], truth: null });
const bookmark = (id: string, note = '', created = 1): Bookmark => ({
  id,
  note,
  created,
  view: { x: 1, y: 2, scale: 0.5, rotation: 90, flip: true },
});
const truth: KeptTruth = { source: 'file', name: 't.xml', outside: 'background', regions: [] };

/** What several pages share: a database in memory that can be made to fail, and to hold its writes. */
class FakeDatabase implements RecordTable {
  readonly records = new Map<string, StoredRecord>();
  /** Records of slides, as version 1 stored them. */
  readonly slides = new Map<string, unknown>();
  fails = false;
  holds = false;
  writes = 0;
  refuse: (record: StoredRecord) => boolean = () => false;
  #held: (() => void)[] = [];

  add(key: StoredRecord['key'], value: unknown): void {
    this.records.set(JSON.stringify(key), { key, value });
  }

  all(): StoredRecord[] {
    return structuredClone([...this.records.values()]);
  }

  async read(fingerprint: string): Promise<SlideContent> {
    this.#check();
    const split = splitSlideRecord(fingerprint, this.slides.get(fingerprint));
    if (split !== null) {
      for (const { key, value } of split) this.add(key, value);
      this.slides.delete(fingerprint);
    }
    const records = this.all().filter(({ key }) => key[0] === fingerprint);
    return Promise.resolve({ records, unreadableSlide: this.slides.has(fingerprint) });
  }

  async readItems(fingerprint: string, names: readonly string[]): Promise<StoredRecord[]> {
    this.#check();
    const own = ({ key }: StoredRecord): boolean => key[0] === fingerprint && names.includes(itemName(key));
    return Promise.resolve(this.all().filter(own));
  }

  async write({ puts, deletes }: TableChanges): Promise<void> {
    this.writes++;
    const copies = structuredClone(puts);
    if (this.holds) await new Promise<void>((resolve) => this.#held.push(resolve));
    this.#check();
    if (copies.some((record) => this.refuse(record))) throw new Error('Too large.');
    for (const { key, value } of copies) this.add(key, value);
    for (const key of deletes) this.records.delete(JSON.stringify(key));
  }

  /** In one go, as in one transaction. */
  revise(
    fingerprint: string,
    decide: (records: readonly StoredRecord[]) => TableChanges,
  ): Promise<StoredRecord[]> {
    const own = (): StoredRecord[] => this.all().filter(({ key }) => key[0] === fingerprint);
    const { puts, deletes } = decide(own());
    for (const { key, value } of puts) this.add(key, value);
    for (const key of deletes) this.records.delete(JSON.stringify(key));
    return Promise.resolve(own());
  }

  letGo(): void {
    this.holds = false;
    for (const go of this.#held.splice(0)) go();
  }

  #check(): void {
    if (this.fails) throw new Error('Disk full.');
  }
}

/** Delivers messages to all channels but the sender's, unless they are deaf. */
class FakeAir {
  readonly channels = new Set<ChangeChannel & { isDeaf: boolean }>();

  channel(): ChangeChannel & { isDeaf: boolean } {
    const channel = {
      isDeaf: false,
      onMessage: (_: unknown) => undefined as void,
      post: (message: unknown) => {
        for (const other of this.channels) {
          if (other !== channel && !other.isDeaf) other.onMessage(structuredClone(message));
        }
      },
    };
    this.channels.add(channel);
    return channel;
  }
}

function page(database = new FakeDatabase(), air = new FakeAir(), earlier: EarlierBookmarks | null = null) {
  const warned: ErrorReport[] = [];
  const failing: (string | null)[] = [];
  /** What the page shows of its slide. */
  const shown = { kept: kept() };
  const channel = air.channel();
  const store = new AnnotationStore(
    {
      warn: (report) => void warned.push(report),
      changed: (_, now) => (shown.kept = now),
      failing: (reason) => void failing.push(reason),
    },
    database,
    channel,
    earlier,
  );
  const open = async (): Promise<KeptAnnotations> => {
    const opened = await store.open('f', 's.svs');
    if (opened.kind === 'failed') throw new Error(opened.reason);
    return (shown.kept = opened.kept);
  };
  const put = (...annotations: Annotation[]): void => {
    shown.kept = { ...shown.kept, annotations };
    store.put('f', shown.kept);
  };
  const mark = (...bookmarks: Bookmark[]): void => {
    shown.kept = { ...shown.kept, bookmarks };
    store.put('f', shown.kept);
  };
  const ids = (): string[] => shown.kept.annotations.map(({ id }) => id);
  return { database, air, channel, store, open, put, mark, shown, ids, warned, failing };
}

const settle = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(0);
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('saving', () => {
  it('returns what was saved, in drawing order, with the ground truth', async () => {
    const one = page();
    expect(await one.open()).toEqual(kept());
    one.store.put('f', { annotations: [shape('b'), shape('a')], bookmarks: [], truth });
    await settle();
    const next = page(one.database);
    expect(await next.open()).toEqual({ annotations: [shape('b'), shape('a')], bookmarks: [], truth });
    expect(await next.store.open('other', 's.svs')).toEqual({ kind: 'read', kept: kept() });
  });

  it('writes only what has changed: one record per annotation', async () => {
    const { database, open, put } = page();
    await open();
    const [a, b] = [shape('a'), shape('b')];
    put(a, b);
    await settle();
    expect(database.records.size).toBe(2);
    const before = new Set(database.records.keys());
    put(a, shape('b', 5));
    await settle();
    expect(database.records.size).toBe(2);
    expect([...database.records.keys()].filter((key) => before.has(key))).toHaveLength(1);
    put(a);
    await settle();
    expect(database.records.size).toBe(1);
    put();
    await settle();
    expect(database.records.size).toBe(0);
  });

  it('starts at once, and combines the edits made during a write', async () => {
    const { database, store, open, put } = page();
    await open();
    database.holds = true;
    put(shape('a'));
    expect(database.writes).toBe(1);
    const all = [shape('a', 1), shape('b'), shape('c')];
    put(all[0]!);
    put(...all);
    // What is not on disk yet is read all the same.
    expect(await store.open('f', 's.svs')).toEqual({ kind: 'read', kept: kept(...all) });
    database.letGo();
    await settle();
    expect(database.writes).toBe(2);
    expect(await page(database).open()).toEqual(kept(...all));
    expect(database.records.size).toBe(3);
  });

  it('starts pending writes when the page closes, even during another write', async () => {
    const { database, store, open, put } = page();
    await open();
    database.holds = true;
    put(shape('a'));
    store.put('f', { annotations: [shape('a', 1), shape('b')], bookmarks: [], truth });
    store.flush();
    expect(database.writes).toBe(3);
    database.letGo();
    await settle();
    expect(await page(database).open()).toEqual({
      annotations: [shape('a', 1), shape('b')],
      bookmarks: [],
      truth,
    });
    expect(database.records.size).toBe(3);
  });

  it('writes large imports in several transactions', async () => {
    const { database, open, put } = page();
    await open();
    put(...Array.from({ length: 1201 }, (_, i) => shape(`n${i}`)));
    await settle();
    expect(database.writes).toBe(3);
    expect(database.records.size).toBe(1201);
  });

  it('returns a deleted annotation to its place', async () => {
    const { database, open, put } = page();
    await open();
    const [a, b, c] = [shape('a'), shape('b'), shape('c')];
    put(a, b, c);
    await settle();
    put(a, c);
    await settle();
    put(a, b, c);
    await settle();
    expect(await page(database).open()).toEqual(kept(a, b, c));
  });
});

describe('failed writes', () => {
  it('are reported once and retried until they succeed', async () => {
    const { database, store, open, put, failing } = page();
    await open();
    database.fails = true;
    put(shape('a'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(database.writes).toBeGreaterThan(2);
    expect(failing).toEqual(['Disk full.']);
    expect(store.isFailing).toBe(true);
    put(shape('a', 1), shape('b'));
    database.fails = false;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(failing).toEqual(['Disk full.', null]);
    expect(store.isFailing).toBe(false);
    expect(await page(database).open()).toEqual(kept(shape('a', 1), shape('b')));
    expect(database.records.size).toBe(2);
  });

  it('are retried at once when asked', async () => {
    const { database, store, open, put, failing } = page();
    await open();
    database.fails = true;
    put(shape('a'));
    await settle();
    database.fails = false;
    store.retry();
    await settle();
    expect(failing).toEqual(['Disk full.', null]);
  });

  it('of one slide or of its ground truth do not hold up others', async () => {
    const { database, store, open, failing } = page();
    await open();
    await store.open('good', 'g.svs');
    database.refuse = ({ key }) => key[1] === 'truth' || key[0] === 'f';
    store.put('f', kept(shape('a')));
    store.put('good', { annotations: [shape('b')], bookmarks: [], truth });
    await settle();
    expect(database.all().map(({ key }) => key[2])).toEqual(['b']);
    expect(failing).toEqual(['Too large.']);
    store.put('good', { annotations: [shape('b'), shape('c')], bookmarks: [], truth });
    await settle();
    expect(database.all().map(({ key }) => key[2])).toEqual(['b', 'c']);
  });
});

describe('failed reads', () => {
  it('are not taken for an empty slide: nothing is written until a read succeeds', async () => {
    const { database, store, open, put, warned } = page();
    database.slides.set('f', { version: 1, annotations: [shape('a')], truth: null });
    database.fails = true;
    expect(await store.open('f', 's.svs')).toEqual({ kind: 'failed', reason: 'Disk full.' });
    database.fails = false;
    put(shape('new'));
    store.flush();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(database.writes).toBe(0);
    expect(await open()).toEqual(kept(shape('a')));
    put(shape('a'), shape('new'));
    await settle();
    expect(await page(database).open()).toEqual(kept(shape('a'), shape('new')));
    expect(warned).toEqual([]);
  });
});

describe('records of version 1', () => {
  it.each([{ version: 1 }, {}])('are split without loss (%j)', async (version) => {
    const { database, open, warned } = page();
    const region = { ...shape('r'), colour: null, outer: Float64Array.of(0, 0, 1, 1, 2, 2) };
    const whole = { ...truth, regions: [region] };
    database.slides.set('f', { ...version, annotations: [shape('2'), shape('1')], truth: whole });
    expect(await open()).toEqual({ annotations: [shape('2'), shape('1')], bookmarks: [], truth: whole });
    expect(database.slides.size).toBe(0);
    expect(await page(database).open()).toEqual({
      annotations: [shape('2'), shape('1')],
      bookmarks: [],
      truth: whole,
    });
    expect(warned).toEqual([]);
  });

  it('that can not be read stay, are named, and do not keep new annotations from being saved', async () => {
    for (const record of [{ version: 9, layers: [] }, { annotations: 'none', truth: null }, 7]) {
      const { database, open, put, warned } = page();
      database.slides.set('f', record);
      expect(await open()).toEqual(kept());
      expect(warned).toEqual([expect.objectContaining({ file: 's.svs' })]);
      put(shape('new'));
      await settle();
      expect(database.slides.get('f')).toBe(record);
      expect(await page(database).open()).toEqual(kept(shape('new')));
    }
  });

  it('keep shapes that can not be read aside, and name them', async () => {
    const { database, open, put, warned } = page();
    const broken = { ...shape('2'), outer: [0, 0, Infinity, 0, 9, 9] };
    const odd = [broken, null, { id: 7 }, { ...shape('1'), label: 5 }, shape('1', 3)];
    const bad = { ...shape('3'), colour: null, outer: Float64Array.of(0, Number.NaN, 1, 1, 2, 2) };
    database.slides.set('f', {
      annotations: [shape('1'), ...odd],
      truth: { ...truth, regions: [bad, { ...bad, outer: Float64Array.of(0, 0, 1, 1, 2, 2) }] },
    });
    const read = await open();
    expect(read.annotations).toEqual([shape('1'), { ...shape('1', 3), id: '1-6' }]);
    expect(read.truth?.regions).toHaveLength(1);
    expect(warned.map(({ problem }) => problem)).toEqual([
      `4 saved annotations can't be read: "tumour", unreadable-3, unreadable-4 and 1 more.`,
      "1 region of the saved ground truth can't be read.",
    ]);
    // Neither editing nor deleting touches them.
    put(shape('2'));
    await settle();
    put();
    await settle();
    const left = database.all().filter(({ key }) => key[1] === 'annotation');
    expect(left.map(({ value }) => value)).toMatchObject(
      odd.slice(0, 4).map((each) => each ?? { shape: null }),
    );
  });
});

describe('two pages with the same slide', () => {
  async function two() {
    const one = page();
    const other = page(one.database, one.air);
    await one.open();
    await other.open();
    return { one, other, database: one.database };
  }

  it('show the same after each edit, and lose none', async () => {
    const { one, other, database } = await two();
    one.put(shape('a'));
    await settle();
    expect(other.ids()).toEqual(['a']);
    other.put(...other.shown.kept.annotations, shape('b'));
    one.put(...one.shown.kept.annotations, shape('c'));
    await settle();
    expect(one.ids()).toEqual(other.ids());
    expect([...one.ids()].sort()).toEqual(['a', 'b', 'c']);
    one.put(...one.shown.kept.annotations.filter(({ id }) => id !== 'a'));
    await settle();
    expect([...other.ids()].sort()).toEqual(['b', 'c']);
    expect([...(await page(database).open()).annotations].map(({ id }) => id).sort()).toEqual(['b', 'c']);
    expect(database.records.size).toBe(2);
    expect([...one.warned, ...other.warned]).toEqual([]);
  });

  it('keep both versions of an annotation that both change at the same time, and say so once', async () => {
    const { one, other, database } = await two();
    one.put(shape('a'));
    await settle();
    database.holds = true;
    one.put(shape('a', 1));
    other.put(shape('a', 2));
    database.letGo();
    await settle();
    const xs = (annotations: readonly Annotation[]): unknown[] =>
      annotations.map(({ outer }) => outer[0]).sort();
    expect(xs(one.shown.kept.annotations)).toEqual([1, 2]);
    expect(one.shown.kept).toEqual(other.shown.kept);
    expect(one.shown.kept.annotations[0]?.id).toBe('a');
    expect(xs((await page(database).open()).annotations)).toEqual([1, 2]);
    expect(database.records.size).toBe(2);
    const warned = [...one.warned, ...other.warned];
    expect(warned).toEqual([
      expect.objectContaining({ problem: expect.stringContaining('two tabs') as string }),
    ]);
    // Both versions can be edited further.
    one.put(...one.shown.kept.annotations.map(({ id }) => shape(id, 7)));
    await settle();
    expect(xs(other.shown.kept.annotations)).toEqual([7, 7]);
    expect(database.records.size).toBe(2);
  });

  it('keep an edit against a deletion at the same time', async () => {
    const { one, other, database } = await two();
    one.put(shape('a'));
    await settle();
    database.holds = true;
    one.put();
    other.put(shape('a', 2));
    database.letGo();
    await settle();
    expect(one.shown.kept.annotations).toEqual([shape('a', 2)]);
    expect(other.shown.kept.annotations).toEqual([shape('a', 2)]);
  });

  it('settle when a slide is opened what they could not tell each other', async () => {
    const { one, other, database } = await two();
    other.channel.isDeaf = true;
    one.put(shape('a'), shape('b'));
    await settle();
    one.channel.isDeaf = true;
    await other.open();
    one.put(shape('a', 1), one.shown.kept.annotations[1]!);
    other.put(shape('a', 2), other.shown.kept.annotations[1]!);
    await settle();
    expect(database.records.size).toBe(3);
    const third = page(database);
    expect((await third.open()).annotations.map(({ id }) => id)).toHaveLength(3);
    expect(third.warned).toHaveLength(1);
    expect(await third.open()).toEqual(await page(database).open());
  });

  it('do not call equal changes a conflict', async () => {
    const { one, other, database } = await two();
    database.holds = true;
    one.store.put('f', { annotations: [shape('a')], bookmarks: [], truth });
    other.store.put('f', { annotations: [shape('a')], bookmarks: [], truth: { ...truth } });
    database.letGo();
    await settle();
    expect(database.records.size).toBe(2);
    expect([...one.warned, ...other.warned]).toEqual([]);
  });

  it('show the same bookmarks, and keep those that both set or change at the same time', async () => {
    const { one, other, database } = await two();
    one.mark(bookmark('a', 'first', 1));
    await settle();
    expect(other.shown.kept.bookmarks).toEqual([bookmark('a', 'first', 1)]);
    database.holds = true;
    one.mark(...one.shown.kept.bookmarks, bookmark('b', '', 2));
    other.mark(bookmark('c', '', 3), bookmark('a', 'second', 1));
    database.letGo();
    await settle();
    expect(one.shown.kept).toEqual(other.shown.kept);
    expect(one.shown.kept.bookmarks.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    database.holds = true;
    one.mark(...one.shown.kept.bookmarks.map((each) => ({ ...each, note: `${each.note} one` })));
    other.mark(...other.shown.kept.bookmarks.filter(({ id }) => id !== 'b'));
    database.letGo();
    await settle();
    const { bookmarks } = await page(database).open();
    expect(bookmarks.map(({ note }) => note)).toEqual(['second one', ' one', ' one']);
    expect(one.shown.kept.bookmarks).toEqual(bookmarks);
    expect(other.shown.kept.bookmarks).toEqual(bookmarks);
  });

  it('leave annotations alone that are saved with bookmarks, and a bookmark that can not be read', async () => {
    const { one, other, database } = await two();
    one.put(shape('a'));
    one.mark(bookmark('b'));
    database.add(['f', 'bookmark', 'odd', 1, 'x'], { version: 2, note: 'far', view: null, created: 1 });
    await settle();
    const third = page(database);
    expect(await third.open()).toEqual({
      annotations: [shape('a')],
      bookmarks: [bookmark('b')],
      truth: null,
    });
    expect(third.warned).toMatchObject([{ problem: '1 saved item can\'t be read: bookmark "far".' }]);
    other.mark();
    await settle();
    expect(one.shown.kept).toEqual(kept(shape('a')));
    expect(database.records.size).toBe(2);
  });

  it('use the later ground truth, and say that it replaced another', async () => {
    const { one, other, database } = await two();
    database.holds = true;
    one.store.put('f', { annotations: [], bookmarks: [], truth });
    other.store.put('f', { annotations: [], bookmarks: [], truth: { ...truth, name: 'other.xml' } });
    database.letGo();
    await settle();
    expect(database.records.size).toBe(1);
    expect(one.shown.kept.truth).toEqual(other.shown.kept.truth);
    expect([...one.warned, ...other.warned]).toHaveLength(1);
  });

  it('keep edits that can not be written yet when the other page changes the same annotation', async () => {
    const { one, other, database } = await two();
    one.put(shape('a'));
    await settle();
    database.refuse = ({ value }) => (value as { outer: number[] }).outer[0] === 1;
    one.put(shape('a', 1));
    await settle();
    other.put(shape('a', 2));
    await settle();
    expect(one.shown.kept.annotations).toEqual([shape('a', 1)]);
    database.refuse = () => false;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.shown.kept.annotations.map(({ outer }) => outer[0]).sort()).toEqual([1, 2]);
    expect(one.shown.kept).toEqual(other.shown.kept);
  });

  it('read everything again after a large change, a missed message, or a foreign one', async () => {
    const { one, other } = await two();
    one.put(...Array.from({ length: 450 }, (_, i) => shape(`n${i}`)));
    await settle();
    expect(other.ids()).toEqual(one.ids());
    other.channel.isDeaf = true;
    one.put(shape('x'));
    await settle();
    other.channel.isDeaf = false;
    one.channel.post({ fingerprint: 7 });
    one.channel.post('hello');
    one.channel.post({ fingerprint: 'another', names: null });
    await settle();
    expect(other.ids()).toHaveLength(450);
    other.store.refresh();
    await settle();
    expect(other.ids()).toEqual(['x']);
  });

  it('agree after many edits at random times', async () => {
    const { one, other, database } = await two();
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    let drawn = 0;
    for (let step = 0; step < 300; step++) {
      const at = random(2) === 0 ? one : other;
      const list = [...at.shown.kept.annotations];
      const choice = random(4);
      if (choice === 0 || list.length === 0) list.push(shape(`d${drawn++}`, random(100)));
      else if (choice === 1) list.splice(random(list.length), 1);
      else {
        const index = random(list.length);
        list[index] = shape(list[index]!.id, random(1000));
      }
      if (random(3) === 0) database.holds = true;
      at.put(...list);
      if (random(2) === 0) {
        database.letGo();
        await settle();
      }
    }
    database.letGo();
    await settle();
    await vi.advanceTimersByTimeAsync(1);
    const third = await page(database).open();
    expect(one.shown.kept).toEqual(third);
    expect(other.shown.kept).toEqual(third);
    expect(database.records.size).toBe(third.annotations.length);
  });
});

describe('bookmarks of earlier versions', () => {
  const stored = (text: string) => {
    const items = new Map([['dualscope.bookmarks.f', text]]);
    const earlier = earlierBookmarks({
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => void items.set(key, value),
      removeItem: (key) => void items.delete(key),
    });
    return { items, earlier };
  };

  it('are taken over once, and stay deleted', async () => {
    const { items, earlier } = stored(JSON.stringify([bookmark('a'), bookmark('b', 'Mitosis?', 2)]));
    const one = page(new FakeDatabase(), new FakeAir(), earlier);
    expect((await one.open()).bookmarks).toEqual([bookmark('a'), bookmark('b', 'Mitosis?', 2)]);
    expect([...items.keys()]).toEqual([]);
    one.mark(bookmark('b', 'Mitosis?', 2));
    await settle();
    const next = page(one.database, new FakeAir(), earlier);
    expect((await next.open()).bookmarks).toEqual([bookmark('b', 'Mitosis?', 2)]);
  });

  it('do not replace what was changed since, by a tab that still has the earlier version', async () => {
    const { earlier } = stored(JSON.stringify([bookmark('a', 'old')]));
    const database = new FakeDatabase();
    const one = page(database);
    await one.open();
    one.mark(bookmark('a', 'new'));
    await settle();
    const { bookmarks } = await page(database, new FakeAir(), earlier).open();
    expect(bookmarks).toEqual([bookmark('a', 'new')]);
  });

  it('stay where they are while the database fails', async () => {
    const { items, earlier } = stored(JSON.stringify([bookmark('a')]));
    const one = page(new FakeDatabase(), new FakeAir(), earlier);
    one.database.fails = true;
    expect(await one.store.open('f', 's.svs')).toMatchObject({ kind: 'failed' });
    expect(items.size).toBe(1);
    one.database.fails = false;
    expect((await one.open()).bookmarks).toEqual([bookmark('a')]);
  });

  it('are named when they can not be read, and a copy is kept', async () => {
    const text = `[${JSON.stringify(bookmark('a'))},{"id":1}]`;
    const { items, earlier } = stored(text);
    const one = page(new FakeDatabase(), new FakeAir(), earlier);
    expect((await one.open()).bookmarks).toEqual([bookmark('a')]);
    expect(one.warned).toMatchObject([{ problem: "1 saved bookmark can't be read." }]);
    expect([...items]).toEqual([['dualscope.bookmarks.f.unreadable', text]]);
  });
});

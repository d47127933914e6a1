import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeptAnnotations } from './annotation-record.ts';
import { AnnotationStore } from './annotation-store.ts';
import type { RecordTable } from './annotation-store.ts';

const shape = (id: string) => ({ id, label: 'tumour', outer: [0, 0, 9, 0, 9, 9], holes: [] });
const kept = (...ids: string[]): KeptAnnotations => ({ annotations: ids.map(shape), truth: null });

/** A table in memory that can be made to fail, and to hold its writes until they are let go. */
class FakeTable implements RecordTable {
  readonly records = new Map<string, unknown>();
  fails = false;
  holds = false;
  writes = 0;
  #held: (() => void)[] = [];

  get(fingerprint: string): Promise<unknown> {
    return this.fails
      ? Promise.reject(new Error('Disk on fire.'))
      : Promise.resolve(this.records.get(fingerprint));
  }

  async put(fingerprint: string, record: unknown): Promise<void> {
    await this.#write();
    this.records.set(fingerprint, structuredClone(record));
  }

  async delete(fingerprint: string): Promise<void> {
    await this.#write();
    this.records.delete(fingerprint);
  }

  letGo(): void {
    this.holds = false;
    for (const go of this.#held.splice(0)) go();
  }

  async #write(): Promise<void> {
    this.writes++;
    if (this.holds) await new Promise<void>((resolve) => this.#held.push(resolve));
    if (this.fails) throw new Error('Disk full.');
  }
}

function start() {
  const table = new FakeTable();
  const report = vi.fn();
  const store = new AnnotationStore(report, table);
  const reported = (): string[] => report.mock.calls.map(([level, { problem }]) => `${level}: ${problem}`);
  return { table, store, report, reported };
}

const settle = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(0);
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('reading', () => {
  it('gives back what was written, with a version in the record', async () => {
    const { table, store } = start();
    store.put('f', kept('1', '2'));
    await settle();
    expect(table.records.get('f')).toMatchObject({ version: 1 });
    expect(await store.get('f', 's.svs')).toEqual(kept('1', '2'));
    expect(await store.get('other', 's.svs')).toBeNull();
  });

  it('reads records from before there was a version', async () => {
    const { table, store, report } = start();
    table.records.set('f', kept('1'));
    expect(await store.get('f', 's.svs')).toEqual(kept('1'));
    expect(report).not.toHaveBeenCalled();
  });

  it.each([
    ['of a later version', { version: 2, layers: [] }],
    ['that is damaged', { version: 1, annotations: 'none', truth: null }],
    ['that is damaged and old', { annotations: [{ id: 1 }], truth: null }],
  ])('reports a record %s and never overwrites it', async (_, record) => {
    const { table, store, report } = start();
    table.records.set('f', record);
    expect(await store.get('f', 's.svs')).toBeNull();
    expect(report).toHaveBeenCalledExactlyOnceWith(
      'warning',
      expect.objectContaining({ file: 's.svs', remedy: expect.stringContaining('GeoJSON') as string }),
    );
    store.put('f', kept('new'));
    store.put('f', kept());
    store.flush();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(table.records.get('f')).toBe(record);
    expect(table.writes).toBe(0);
  });

  it('does not take a failed read for an empty record', async () => {
    const { table, store, reported } = start();
    table.records.set('f', { version: 1, ...kept('1') });
    table.fails = true;
    expect(await store.get('f', 's.svs')).toBeNull();
    expect(reported()).toEqual([expect.stringContaining('Disk on fire.')]);
    table.fails = false;
    store.put('f', kept('new'));
    await settle();
    expect(table.records.get('f')).toMatchObject(kept('1'));
    // Opened again, it can be read, and is written from then on.
    expect(await store.get('f', 's.svs')).toEqual(kept('1'));
    store.put('f', kept('1', 'new'));
    await settle();
    expect(table.records.get('f')).toMatchObject(kept('1', 'new'));
  });

  it('drops a shape whose coordinates are not finite, not the whole record', async () => {
    const { table, store, reported } = start();
    const broken = { ...shape('2'), outer: [0, 0, Number.NaN, 0, 9, 9] };
    const region = { ...shape('3'), colour: null, outer: Float64Array.of(0, Infinity, 1, 1, 2, 2) };
    table.records.set('f', {
      annotations: [shape('1'), broken],
      truth: { source: 'file', name: 't.xml', outside: 'background', regions: [region] },
    });
    const read = await store.get('f', 's.svs');
    expect(read?.annotations).toEqual([shape('1')]);
    expect(read?.truth).toMatchObject({ name: 't.xml', regions: [] });
    expect(reported()).toEqual([expect.stringContaining('2 saved annotations')]);
  });
});

describe('writing', () => {
  it('starts at once, and writes the edits made during a write together', async () => {
    const { table, store } = start();
    table.holds = true;
    store.put('f', kept('1'));
    expect(table.writes).toBe(1);
    store.put('f', kept('1', '2'));
    store.put('f', kept('1', '2', '3'));
    // What is not on disk yet is read all the same.
    expect(await store.get('f', 's.svs')).toEqual(kept('1', '2', '3'));
    table.letGo();
    await settle();
    expect(table.writes).toBe(2);
    expect(table.records.get('f')).toMatchObject(kept('1', '2', '3'));
  });

  it('deletes the record of a slide that has nothing any more', async () => {
    const { table, store } = start();
    store.put('f', kept('1'));
    await settle();
    store.put('f', kept());
    await settle();
    expect(table.records.has('f')).toBe(false);
  });

  it('reports a failure once, tries again, and says when it is over', async () => {
    const { table, store, reported } = start();
    table.fails = true;
    store.put('f', kept('1'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(table.writes).toBeGreaterThan(2);
    expect(reported()).toEqual([expect.stringMatching(/^warning: .*Disk full\./)]);
    table.fails = false;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(table.records.get('f')).toMatchObject(kept('1'));
    expect(reported()).toHaveLength(2);
    expect(reported()[1]).toMatch(/^info: /);
  });

  it('tries every slide in each round: one record that can not be written does not hold up the others', async () => {
    const { table, store } = start();
    const put = table.put.bind(table);
    table.put = (fingerprint, record) =>
      fingerprint === 'bad' ? Promise.reject(new Error('Too large.')) : put(fingerprint, record);
    store.put('bad', kept('1'));
    store.put('good', kept('2'));
    await settle();
    expect([...table.records.keys()]).toEqual(['good']);
    store.put('good', kept('2', '3'));
    await settle();
    expect(table.records.get('good')).toMatchObject({ annotations: [{ id: '2' }, { id: '3' }] });
  });

  it('starts pending writes when the page closes, even during another write', async () => {
    const { table, store } = start();
    table.holds = true;
    store.put('f', kept('1'));
    store.put('f', kept('1', '2'));
    store.flush();
    expect(table.writes).toBe(2);
    table.letGo();
    await settle();
    expect(table.records.get('f')).toMatchObject(kept('1', '2'));
  });
});

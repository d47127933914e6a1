import { afterEach, expect, it } from 'vitest';
import type { ErrorReport } from '../base/error-report.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';
import { createStorageClient, type StorageClient } from './storage-client.ts';
import type { StorageWorkerApi } from './storage-protocol.ts';
import { fakeWorker, type FakeWorker } from './testing/fake-worker.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const maps = (value: number): SliceMaps => ({
  size: 1,
  classes: new Uint8Array([value]),
  confidence: new Uint8Array([255]),
});

/** What survives a worker: the disk. `fault` runs before a slice is written. */
function start(
  fault: (worker: FakeWorker<StorageWorkerApi>, column: number, worked: number) => void | Promise<void>,
): {
  storage: StorageClient;
  workers: FakeWorker<StorageWorkerApi>[];
  disk: Map<string, number>;
  replaced: ErrorReport[];
} {
  const disk = new Map<string, number>();
  const workers: FakeWorker<StorageWorkerApi>[] = [];
  const startWorker = (): FakeWorker<StorageWorkerApi> => {
    const number = workers.length + 1;
    const open = new Map<string, number>();
    const spilled = (page: string, id: number): string => `${page} ${id}`;
    const worker = fakeWorker<StorageWorkerApi>({
      open: (_call, key) => {
        open.set(key, (open.get(key) ?? 0) + 1);
        const places = [...disk.keys()].flatMap((name): [number, number][] =>
          name.startsWith(`${key}/`) ? [[Number(name.split('/')[1]), 0]] : [],
        );
        return { places, damaged: 0 };
      },
      get: (_call, key, column) => {
        if (!open.has(key)) throw new RangeError('not open');
        const value = disk.get(`${key}/${column}`);
        return value === undefined ? null : maps(value);
      },
      put: async (_call, key, column, _row, { classes }) => {
        await fault(worker, column, number);
        if (!open.has(key)) throw new RangeError('not open');
        disk.set(`${key}/${column}`, classes[0] ?? 0);
      },
      close: (_call, key) => {
        if (!open.has(key)) throw new RangeError('not open');
        open.delete(key);
      },
      setRun: () => undefined,
      runs: () => ({ runs: [], dropped: 0 }),
      use: () => ({ kind: 'files', runs: 0, slides: 0, bytes: number }),
      deleteAll: () => undefined,
      putAside: (_call, page, id, { classes }) => void disk.set(spilled(page, id), classes[0] ?? 0),
      getAside: (_call, page, id) => {
        const value = disk.get(spilled(page, id));
        return value === undefined ? null : maps(value);
      },
      sweep: () => undefined,
    });
    workers.push(worker);
    return worker;
  };
  const storage = createStorageClient({ start: startWorker, deadlineMs: 80 });
  const replaced: ErrorReport[] = [];
  storage.onReplaced?.((report) => void replaced.push(report));
  ends.push(() => {
    for (const worker of workers) worker.terminate();
  });
  return { storage, workers, disk, replaced };
}

const faults = {
  hangs: (worker: FakeWorker<StorageWorkerApi>) => worker.hang(),
  crashes: (worker: FakeWorker<StorageWorkerApi>) => worker.crash('It stopped: boom.'),
  'waits for the browser for ever': () => new Promise<void>(() => undefined),
} as const;

for (const [what, fault] of Object.entries(faults)) {
  it(`a worker that ${what}: open runs go on in another, and no slice is missing`, async () => {
    const { storage, workers, disk, replaced } = start((worker, column, number) =>
      column === 2 && number === 1 ? fault(worker) : undefined,
    );
    await storage.open('run', 0);
    await Promise.all([0, 1, 2, 3, 4].map((column) => storage.put('run', column, 0, maps(column + 10))));
    expect([...disk].sort()).toEqual([0, 1, 2, 3, 4].map((column) => [`run/${column}`, column + 10]));
    expect(await storage.get('run', 3, 0)).toMatchObject({ classes: new Uint8Array([13]) });
    expect(workers).toHaveLength(2);
    expect(workers[0]?.hasEnded).toBe(true);
    expect(replaced).toMatchObject([{ code: 'storage-restarted' }]);
    await storage.close('run');
  });
}

it('writes what it was given, also if the caller transfers it elsewhere at once', async () => {
  const { storage, disk } = start((worker, _column, number) => {
    if (number === 1) worker.crash('It stopped.');
  });
  await storage.open('run', 0);
  const given = maps(9);
  const writing = storage.put('run', 0, 0, given);
  structuredClone(given, { transfer: [given.classes.buffer] });
  await writing;
  expect([...disk]).toEqual([['run/0', 9]]);
});

it('gives up a call that two workers hang in, with a report for the user; later calls go on', async () => {
  const { storage, workers } = start((worker, column) => {
    if (column === 2) worker.hang();
  });
  await storage.open('run', 0);
  await expect(storage.put('run', 2, 0, maps(1))).rejects.toMatchObject({
    report: { code: 'storage-lost', problem: expect.stringContaining('does not work') as string },
  });
  expect(workers).toHaveLength(2);
  await storage.put('run', 3, 0, maps(1));
  expect(await storage.get('run', 3, 0)).not.toBeNull();
});

it('finds spilled slices in the worker that follows', async () => {
  const { storage, workers } = start(() => undefined);
  await storage.putAside(1, maps(7));
  workers[0]?.crash('It stopped.');
  expect(await storage.getAside(1)).toMatchObject({ classes: new Uint8Array([7]) });
  expect(workers).toHaveLength(2);
});

it('does not close in a new worker what a former one had open', async () => {
  const { storage, workers } = start(() => undefined);
  await storage.open('run', 0);
  workers[0]?.crash('It stopped.');
  expect(await storage.use()).toMatchObject({ bytes: 2 });
  await storage.close('run');
});

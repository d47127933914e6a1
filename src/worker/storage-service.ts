/** The storage worker's methods, separate from the worker's entry so that tests can run them. */
import { WorkerError } from '../base/error-report.ts';
import type { CallContext, Handlers } from '../base/rpc.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';
import { SliceStore } from '../segment/store.ts';
import { isNamed, type FolderName, type ResultFolder } from './result-folder.ts';
import {
  storedRunSchema,
  type StorageWorkerApi,
  type StoredRun,
  type StoredRunEntry,
} from './storage-protocol.ts';

export interface StoragePlatform {
  /** @throws WorkerError `storage-missing`. */
  openFolder(name: FolderName): Promise<ResultFolder>;
  /** Holds a lock with this name for the lifetime of the page. */
  hold(name: string): Promise<void>;
  /** Names of all locks held by open pages. */
  held(): Promise<ReadonlySet<string>>;
}

interface OpenStore {
  readonly store: Promise<SliceStore>;
  users: number;
}

/** Several runs of a page may have the same slices open. */
export function createStorageService(platform: StoragePlatform): Handlers<StorageWorkerApi> {
  const folders = new Map<FolderName, Promise<ResultFolder>>();
  const stores = new Map<string, OpenStore>();

  const folder = (name: FolderName): Promise<ResultFolder> => {
    const known = folders.get(name);
    if (known !== undefined) return known;
    const opening = platform.openFolder(name).catch((error: unknown) => {
      folders.delete(name);
      throw error;
    });
    folders.set(name, opening);
    return opening;
  };

  let noting: Promise<void> = Promise.resolve();

  const storeOf = (key: string): Promise<SliceStore> => {
    const open = stores.get(key);
    if (open === undefined) throw new RangeError(`The slices of ${key} are not open.`);
    return open.store;
  };

  /** Slices that the page has spilled, by key. */
  const spills = new Map<string, Promise<SliceStore>>();
  const openSpill = async (spillKey: string): Promise<SliceStore> => {
    await platform.hold(spillKey);
    const files = await folder('spill');
    // The database finds keys by their notes.
    await files.writeNote(spillKey, '');
    return SliceStore.open(await files.open(spillKey), spillKey, 0);
  };
  const spillOf = (page: string): Promise<SliceStore> => {
    const spillKey = page.replaceAll('-', '').padEnd(64, '0').slice(0, 64);
    const known = spills.get(spillKey);
    if (known !== undefined) return known;
    const opening = openSpill(spillKey).catch((error: unknown) => {
      spills.delete(spillKey);
      throw error;
    });
    spills.set(spillKey, opening);
    return opening;
  };

  return {
    open: async (_call, key, marginPx) => {
      const open = stores.get(key) ?? {
        store: folder('results').then(async (files) => SliceStore.open(await files.open(key), key, marginPx)),
        users: 0,
      };
      stores.set(key, open);
      open.users++;
      try {
        const { places, damaged } = await open.store;
        return { places, damaged };
      } catch (error) {
        stores.delete(key);
        throw storageError(error);
      }
    },

    get: (call, key, column, row) =>
      guard(async () => transferMaps(call, await (await storeOf(key)).get(column, row))),

    put: (_call, key, column, row, maps) => guard(async () => (await storeOf(key)).put(column, row, maps)),

    close: async (_call, key) => {
      const open = stores.get(key);
      if (open === undefined) return;
      open.users--;
      if (open.users > 0) return;
      stores.delete(key);
      (await open.store).close();
    },

    setRun: (_call, key, run) => {
      // One at a time: a note is read before it is written.
      noting = noting.then(async () => {
        const files = await folder('results');
        const noted = runsIn(parse((await files.notes()).get(key) ?? ''));
        const others = noted.filter((other) => other.state === 'running' && !isSameArea(other, run));
        await files.writeNote(key, JSON.stringify([...others.slice(-maxUnfinished), run]));
      });
      const done = noting;
      noting = noting.catch(() => undefined);
      return guard(() => done);
    },

    runs: () =>
      guard(async () => {
        const files = await folder('results');
        const runs: StoredRunEntry[] = [];
        const outdated = new Set<string>();
        for (const [key, text] of await files.notes()) {
          const note = parse(text);
          runs.push(...runsIn(note).map((run) => ({ key, run })));
          if (isOutdated(note) && !stores.has(key)) outdated.add(key);
        }
        // Another tab may still use them; the next visit tries again.
        const removed = await files
          .remove((key) => outdated.has(key))
          .then(
            () => true,
            () => false,
          );
        return { runs, dropped: removed ? outdated.size : 0 };
      }),

    use: () =>
      guard(async () => {
        const files = await folder('results');
        const notes = [...(await files.notes()).values()].map(parse);
        const slides = new Set(notes.flatMap(runsIn).map(({ fingerprint }) => fingerprint));
        return { kind: files.kind, runs: notes.length, slides: slides.size, bytes: await files.bytes() };
      }),

    deleteAll: () => guard(async () => (await folder('results')).remove((key) => !stores.has(key))),

    putAside: async (_call, page, id, maps) => (await spillOf(page)).put(id, 0, maps),

    getAside: async (call, page, id) => transferMaps(call, await (await spillOf(page)).get(id, 0)),

    sweep: async () => {
      try {
        const alive = await platform.held();
        await (await folder('spill')).remove((key) => !spills.has(key) && !alive.has(key));
      } catch {
        // Without storage there is nothing to delete.
      }
    },
  };
}

/** Unfinished runs of other areas that a note keeps. */
const maxUnfinished = 8;

/** The runs of a note: the latest, and unfinished ones of other areas. */
function runsIn(note: unknown): StoredRun[] {
  return (Array.isArray(note) ? note : [note]).flatMap((each) => {
    const run = storedRunSchema.safeParse(each);
    return run.success ? [run.data] : [];
  });
}

function isSameArea(a: StoredRun, b: StoredRun): boolean {
  const text = ({ area, polygon, glass }: StoredRun): string => JSON.stringify({ area, polygon, glass });
  return text(a) === text(b);
}

/** Marks maps for transfer instead of copying. */
function transferMaps(call: CallContext, maps: SliceMaps | null): SliceMaps | null {
  if (maps === null) return null;
  for (const map of [maps.classes, maps.confidence, maps.logProbabilities]) {
    if (map !== undefined) call.transfer(map.buffer);
  }
  return maps;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Torn by a crash during writing; treated as missing.
    return null;
  }
}

/** Whether an earlier version of the program wrote a note, and the slices that it describes. */
function isOutdated(note: unknown): boolean {
  return (Array.isArray(note) ? (note as unknown[]) : [note]).some(
    (each) =>
      typeof each === 'object' &&
      each !== null &&
      'version' in each &&
      (each.version === 1 || each.version === 2),
  );
}

async function guard<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(error);
  }
}

/** Turns storage errors into reports that state the consequence for results. */
function storageError(error: unknown): WorkerError {
  if (error instanceof WorkerError) return error;
  const report = (code: string, problem: string, remedy: string): WorkerError =>
    new WorkerError({ code, file: '', problem, remedy });
  if (isNamed(error, 'QuotaExceededError')) {
    return report(
      'storage-full',
      "The browser's storage is full.",
      'New results are lost when the page is closed. Delete saved results or free disk space.',
    );
  }
  if (isNamed(error, 'NoModificationAllowedError')) {
    return report(
      'storage-busy',
      "Already saving in another tab; results here won't be kept.",
      'Close the other tab to save them here.',
    );
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return report(
    'storage-lost',
    `Saved results are no longer accessible (${text}).`,
    'They may have been cleared. New results are lost when the page is closed.',
  );
}

/** The storage worker's methods, apart from the worker, so that they run in tests. */
import { decodeSlice, encodeSlice } from '../segment/slice-store.ts';
import { WorkerError } from '../base/error-report.ts';
import type { ResultFolder, SliceFile } from './result-folder.ts';
import { isNamed } from './result-folder.ts';
import type { Handlers } from '../base/rpc.ts';
import type { StorageWorkerApi } from './stored-run.ts';
import { storedRunSchema } from './stored-run.ts';

interface Open {
  readonly file: Promise<SliceFile>;
  users: number;
}

/** Several runs of one page may have the same slices open. */
export function createStorageService(openFolder: () => Promise<ResultFolder>): Handlers<StorageWorkerApi> {
  let folder: Promise<ResultFolder> | null = null;
  const files = new Map<string, Open>();

  const theFolder = (): Promise<ResultFolder> => {
    folder ??= openFolder().catch((error: unknown) => {
      folder = null;
      throw error;
    });
    return folder;
  };

  const fileOf = (key: string): Promise<SliceFile> => {
    const open = files.get(key);
    if (open === undefined) throw new RangeError(`The slices of ${key} are not open.`);
    return open.file;
  };

  return {
    open: async (_call, key) => {
      const open = files.get(key) ?? { file: theFolder().then((each) => each.open(key)), users: 0 };
      files.set(key, open);
      open.users++;
      try {
        return (await open.file).places;
      } catch (error) {
        files.delete(key);
        throw storageError(error);
      }
    },

    get: async (call, key, column, row) => {
      const bytes = await guard(async () => (await fileOf(key)).get(column, row));
      const maps = bytes === null ? null : decodeSlice(bytes);
      if (maps === null) return null;
      for (const map of [maps.classes, maps.confidence, maps.logProbabilities]) {
        if (map !== undefined) call.transfer(map.buffer);
      }
      return maps;
    },

    put: (_call, key, column, row, maps, marginPx) =>
      guard(async () => (await fileOf(key)).put(column, row, encodeSlice(maps, marginPx))),

    close: async (_call, key) => {
      const open = files.get(key);
      if (open === undefined) return;
      open.users--;
      if (open.users > 0) return;
      files.delete(key);
      (await open.file).close();
    },

    setRun: (_call, key, run) => guard(async () => (await theFolder()).writeNote(key, JSON.stringify(run))),

    runs: () =>
      guard(async () => {
        const notes = await (await theFolder()).notes();
        return [...notes].flatMap(([key, text]) => {
          const run = storedRunSchema.safeParse(parse(text));
          return run.success ? [{ key, run: run.data }] : [];
        });
      }),

    use: () =>
      guard(async () => {
        const each = await theFolder();
        return { kind: each.kind, runs: (await each.notes()).size, bytes: await each.bytes() };
      }),

    deleteAll: () => guard(async () => (await theFolder()).remove((key) => !files.has(key))),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Torn while it was being written: as good as none.
    return null;
  }
}

async function guard<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(error);
  }
}

/** What went wrong, in words that say what it means for the results. */
function storageError(error: unknown): WorkerError {
  if (error instanceof WorkerError) return error;
  if (isNamed(error, 'QuotaExceededError')) {
    return new WorkerError({
      code: 'storage-full',
      file: '',
      problem: 'The browser has no more room for results.',
      remedy: 'What follows lasts until the page is closed. Delete stored results, or free disk space.',
    });
  }
  if (isNamed(error, 'NoModificationAllowedError')) {
    return new WorkerError({
      code: 'storage-busy',
      file: '',
      problem: 'Another tab keeps the results of this slide and model.',
      remedy: 'Here they last until the page is closed. Close the other tab to keep them here.',
    });
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new WorkerError({
    code: 'storage-lost',
    file: '',
    problem: `Stored results can't be reached any more (${text}).`,
    remedy: 'They may have been cleared. What follows lasts until the page is closed.',
  });
}

/** The browser's storage for results: private files (OPFS) or else a database. Runs in a worker. */
import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore } from 'idb';
import { WorkerError } from '../base/error-report.ts';
import { SliceLog } from '../segment/slice-log.ts';
import type { SliceFile } from '../segment/store.ts';

/** Results of runs, and slices spilled from a page's memory. */
export type FolderName = 'results' | 'spill';

export interface ResultFolder {
  readonly kind: 'files' | 'database';
  open(key: string): Promise<SliceFile>;
  writeNote(key: string, text: string): Promise<void>;
  /** Notes by key. */
  notes(): Promise<Map<string, string>>;
  /** Deletes slices and notes of the keys for which `when` holds. */
  remove(when: (key: string) => boolean): Promise<void>;
  bytes(): Promise<number>;
}

/** Names of folders and databases. */
const names: Readonly<Record<FolderName, string>> = { results: 'dualscope-results', spill: 'dualscope-page' };

/** @throws WorkerError `storage-missing` if the browser offers neither, as in some private windows. */
export async function openResultFolder(folder: FolderName): Promise<ResultFolder> {
  const name = names[folder];
  const obstacles: string[] = [];
  for (const open of [() => PrivateFiles.open(name), () => Database.open(name)]) {
    try {
      return await open();
    } catch (error) {
      obstacles.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new WorkerError({
    code: 'storage-missing',
    file: '',
    problem: `This browser does not allow saving results (${obstacles.join('; ')}).`,
    remedy: 'Results are lost when the page is closed. Use a window that is not private to save them.',
  });
}

/** Waits between attempts to lock a file that a closing page may still hold, milliseconds. */
const lockDelaysMs = [50, 100, 200, 400, 800, 1600];

class PrivateFiles implements ResultFolder {
  readonly kind = 'files';
  readonly #folder: FileSystemDirectoryHandle;

  private constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder;
  }

  static async open(name: string): Promise<PrivateFiles> {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(name, { create: true });
    if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) {
      throw new Error('synchronous access to private files is missing');
    }
    return new PrivateFiles(folder);
  }

  async open(key: string): Promise<SliceFile> {
    const access = await this.#lock(`${key}.slices`);
    // The file's name is the key, so a file that is no log of it is torn at its start or of an earlier version.
    const log = SliceLog.open(access, key, { writable: true, replace: true });
    if (log === null) throw new Error('Can not create the file of slices.');
    return log;
  }

  async writeNote(key: string, text: string): Promise<void> {
    const access = await this.#lock(`${key}.json`);
    try {
      const bytes = new TextEncoder().encode(text);
      access.truncate(0);
      access.write(bytes, { at: 0 });
      access.flush();
    } finally {
      access.close();
    }
  }

  async notes(): Promise<Map<string, string>> {
    const notes = new Map<string, string>();
    for await (const [file, handle] of this.#files()) {
      if (!file.endsWith('.json')) continue;
      notes.set(file.slice(0, -'.json'.length), await (await handle.getFile()).text());
    }
    return notes;
  }

  async remove(when: (key: string) => boolean): Promise<void> {
    const files: string[] = [];
    for await (const [file] of this.#files()) files.push(file);
    // A file that another tab uses must not keep the others from being deleted.
    let failure: { readonly error: unknown } | null = null;
    for (const file of files) {
      if (!when(file.replace(/\.[^.]+$/, ''))) continue;
      await this.#folder.removeEntry(file).catch((error: unknown) => (failure ??= { error }));
    }
    throwIfFailed(failure);
  }

  async bytes(): Promise<number> {
    let bytes = 0;
    for await (const [, handle] of this.#files()) bytes += (await handle.getFile()).size;
    return bytes;
  }

  async *#files(): AsyncGenerator<[string, FileSystemFileHandle]> {
    for await (const [file, handle] of this.#folder.entries()) {
      if (handle.kind === 'file') yield [file, handle];
    }
  }

  /** Opens a file for exclusive access. Retries, because a page that is closing releases its files with a delay. */
  async #lock(file: string): Promise<FileSystemSyncAccessHandle> {
    const handle = await this.#folder.getFileHandle(file, { create: true });
    for (const wait of [...lockDelaysMs, null]) {
      try {
        return await handle.createSyncAccessHandle();
      } catch (error) {
        if (!isNamed(error, 'NoModificationAllowedError') || wait === null) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
    throw new Error('unreachable');
  }
}

interface Schema extends DBSchema {
  slices: { key: [key: string, column: number, row: number]; value: Uint8Array<ArrayBuffer> };
  notes: { key: string; value: string };
}

class Database implements ResultFolder {
  readonly kind = 'database';
  readonly #database: IDBPDatabase<Schema>;

  private constructor(database: IDBPDatabase<Schema>) {
    this.#database = database;
  }

  static async open(name: string): Promise<Database> {
    const database = await openDB<Schema>(name, 1, {
      upgrade: (created) => {
        created.createObjectStore('slices');
        created.createObjectStore('notes');
      },
    });
    return new Database(database);
  }

  async open(key: string): Promise<SliceFile> {
    const places = await this.#database.getAllKeys('slices', range(key));
    return {
      places: places.map(([, column, row]) => [column, row] as const),
      damaged: 0,
      nextOrder: 0,
      get: async (column, row) => (await this.#database.get('slices', [key, column, row])) ?? null,
      put: async (column, row, record) => {
        await this.#write('slices', (store) => store.put(record, [key, column, row]));
      },
      close: () => undefined,
    };
  }

  async writeNote(key: string, text: string): Promise<void> {
    await this.#write('notes', (store) => store.put(text, key));
  }

  async notes(): Promise<Map<string, string>> {
    const { store } = this.#database.transaction('notes');
    const [keys, texts] = await Promise.all([store.getAllKeys(), store.getAll()]);
    return new Map(keys.map((key, i) => [key, texts[i] ?? '']));
  }

  async remove(when: (key: string) => boolean): Promise<void> {
    for (const key of (await this.notes()).keys()) {
      if (!when(key)) continue;
      await this.#write('slices', (store) => store.delete(range(key)));
      await this.#write('notes', (store) => store.delete(key));
    }
  }

  async bytes(): Promise<number> {
    return (await navigator.storage.estimate()).usage ?? 0;
  }

  /** Resolves when the change is committed, not merely accepted. */
  async #write<Table extends 'slices' | 'notes'>(
    table: Table,
    change: (store: WritableStore<Table>) => Promise<unknown>,
  ): Promise<void> {
    const transaction = this.#database.transaction(table, 'readwrite');
    await Promise.all([change(transaction.store), transaction.done]);
  }
}

type WritableStore<Table extends 'slices' | 'notes'> = IDBPObjectStore<Schema, [Table], Table, 'readwrite'>;

/** All slices of a key. */
function range(key: string): IDBKeyRange {
  return IDBKeyRange.bound([key], [key, []]);
}

function throwIfFailed(failure: { readonly error: unknown } | null): void {
  if (failure !== null) throw failure.error;
}

export function isNamed(error: unknown, errorName: string): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === errorName;
}

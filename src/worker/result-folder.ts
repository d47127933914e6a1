/** Where the browser keeps results: its private files (OPFS), else its database. Runs in a worker. */
import { SliceLog } from '../segment/slice-log.ts';
import { WorkerError } from '../base/error-report.ts';

/** The slices of one key. */
export interface SliceFile {
  readonly places: (readonly [column: number, row: number])[];
  get(column: number, row: number): Promise<Uint8Array<ArrayBuffer> | null>;
  put(column: number, row: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): void;
}

export interface ResultFolder {
  readonly kind: 'files' | 'database';
  open(key: string): Promise<SliceFile>;
  writeNote(key: string, text: string): Promise<void>;
  /** Notes by key. */
  notes(): Promise<Map<string, string>>;
  /** Deletes everything of the keys for which `when` holds. */
  remove(when: (key: string) => boolean): Promise<void>;
  bytes(): Promise<number>;
}

const results = 'dualscope-results';

/**
 * @param name of the folder, or database; that of results by default.
 * @throws WorkerError `storage-missing` where the browser offers neither, as in some private windows.
 */
export async function openResultFolder(name = results): Promise<ResultFolder> {
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
    problem: `This browser keeps nothing for this page (${obstacles.join('; ')}).`,
    remedy: 'Results last until the page is closed. A window that is not private keeps them.',
  });
}

/** How long to wait for the lock of a page that has just been closed, milliseconds. */
const lockWaits = [50, 100, 200, 400, 800, 1600];

class PrivateFiles implements ResultFolder {
  readonly kind = 'files';
  private constructor(private readonly folder: FileSystemDirectoryHandle) {}

  static async open(name: string): Promise<PrivateFiles> {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(name, { create: true });
    if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) {
      throw new Error('private files cannot be written at once');
    }
    return new PrivateFiles(folder);
  }

  async open(key: string): Promise<SliceFile> {
    const access = await this.#lock(`${key}.slices`);
    const log = new SliceLog(access);
    return {
      places: log.places,
      get: async (column, row) => log.get(column, row),
      put: async (column, row, bytes) => log.put(column, row, bytes),
      close: () => log.close(),
    };
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
    for (const file of files) {
      if (when(file.replace(/\.[^.]+$/, ''))) await this.folder.removeEntry(file);
    }
  }

  async bytes(): Promise<number> {
    let bytes = 0;
    for await (const [, handle] of this.#files()) bytes += (await handle.getFile()).size;
    return bytes;
  }

  async *#files(): AsyncGenerator<[string, FileSystemFileHandle]> {
    for await (const [file, handle] of this.folder.entries()) {
      if (handle.kind === 'file') yield [file, handle];
    }
  }

  /** Only one page at a time may write a file; one that has just ended lets go of it soon. */
  async #lock(file: string): Promise<FileSystemSyncAccessHandle> {
    const handle = await this.folder.getFileHandle(file, { create: true });
    for (const wait of [...lockWaits, null]) {
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

class Database implements ResultFolder {
  readonly kind = 'database';
  private constructor(private readonly database: IDBDatabase) {}

  static open(name: string): Promise<Database> {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('slices');
      request.result.createObjectStore('notes');
    };
    return answer(request).then((database) => new Database(database));
  }

  async open(key: string): Promise<SliceFile> {
    const keys = await answer(this.#store('slices', 'readonly').getAllKeys(range(key)));
    return {
      places: keys.map((place) => {
        const [, column, row] = place as [string, number, number];
        return [column, row] as const;
      }),
      get: async (column, row) =>
        (await answer(
          this.#store('slices', 'readonly').get([key, column, row]) as IDBRequest<
            Uint8Array<ArrayBuffer> | undefined
          >,
        )) ?? null,
      put: (column, row, bytes) => this.#write('slices', (store) => store.put(bytes, [key, column, row])),
      close: () => undefined,
    };
  }

  writeNote(key: string, text: string): Promise<void> {
    return this.#write('notes', (store) => store.put(text, key));
  }

  async notes(): Promise<Map<string, string>> {
    const store = this.#store('notes', 'readonly');
    const [keys, texts] = await Promise.all([
      answer(store.getAllKeys()),
      answer(store.getAll() as IDBRequest<string[]>),
    ]);
    return new Map(keys.map((key, i) => [key as string, texts[i] ?? '']));
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

  #store(table: 'slices' | 'notes', mode: IDBTransactionMode): IDBObjectStore {
    return this.database.transaction(table, mode).objectStore(table);
  }

  /** Resolves when it is committed, not when it was accepted. */
  #write(table: 'slices' | 'notes', change: (store: IDBObjectStore) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(table, 'readwrite');
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('The database gave up.'));
      transaction.onerror = () => reject(transaction.error ?? new Error('The database failed.'));
      change(transaction.objectStore(table));
    });
  }
}

/** All places of a key. */
function range(key: string): IDBKeyRange {
  return IDBKeyRange.bound([key], [key, []]);
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('The database failed.'));
  });
}

export function isNamed(error: unknown, errorName: string): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === errorName;
}

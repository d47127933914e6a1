/** Handles of recent local slides, kept in this browser (IndexedDB: text storage holds no handles). */
import { openDB, type IDBPDatabase } from 'idb';
import type { KeptHandle } from './file-handles.ts';

export interface RecentFile {
  /** Key of the slide's choice. */
  readonly key: string;
  readonly title: string;
  /** `data:` URL; null without one. */
  readonly thumbnail: string | null;
  readonly handles: readonly KeptHandle[];
  /** When it was last opened, ms since 1970. */
  readonly at: number;
}

const table = 'files';
/** Files of a slide that are kept; sets of more are chosen again. */
export const mostKeptFiles = 200;

/** Methods never reject: where storage is blocked, nothing is kept. */
export class RecentFiles {
  readonly #db: Promise<IDBPDatabase> | null;

  constructor(name = 'dualscope-recent') {
    this.#db =
      typeof indexedDB === 'undefined'
        ? null
        : openDB(name, 1, { upgrade: (db) => void db.createObjectStore(table, { keyPath: 'key' }) });
    this.#db?.catch(() => undefined);
  }

  /** Latest first. */
  async all(): Promise<RecentFile[]> {
    const found = await this.#attempt((db) => db.getAll(table) as Promise<RecentFile[]>);
    return (found ?? []).sort((one, other) => other.at - one.at);
  }

  /** Keeps these, and no others. */
  async keep(files: readonly RecentFile[]): Promise<void> {
    await this.#attempt(async (db) => {
      const writing = db.transaction(table, 'readwrite');
      await writing.store.clear();
      for (const file of files) await writing.store.put(file);
      await writing.done;
    });
  }

  async #attempt<T>(action: (db: IDBPDatabase) => Promise<T>): Promise<T | null> {
    try {
      const db = await this.#db;
      return db === null ? null : await action(db);
    } catch {
      return null;
    }
  }
}

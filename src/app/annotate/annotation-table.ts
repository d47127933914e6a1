/** The annotation database: one record per change of an annotation, in IndexedDB. */
import { openDB } from 'idb';
import type { DBSchema, IDBPDatabase } from 'idb';
import { splitSlideRecord } from './annotation-record.ts';
import type { RecordKey, StoredRecord } from './annotation-record.ts';

export interface SlideContent {
  readonly records: readonly StoredRecord[];
  /** Whether there is a record of an earlier version that can't be read. It is left as it is. */
  readonly unreadableSlide: boolean;
}

export interface TableChanges {
  readonly puts: readonly StoredRecord[];
  readonly deletes: readonly RecordKey[];
}

/** The database. Every method rejects when the database fails, and then has changed nothing. */
export interface RecordTable {
  /** All records of a slide. Records of earlier versions are converted. */
  read(fingerprint: string): Promise<SlideContent>;
  /** The records of some items; see `itemName`. */
  readItems(fingerprint: string, names: readonly string[]): Promise<StoredRecord[]>;
  /** Starts at once, before it returns if the database is open. Resolves when the changes are on disk. */
  write(changes: TableChanges): Promise<void>;
  /** Changes the records of a slide that `decide` has seen, in one transaction. @returns the records afterwards */
  revise(
    fingerprint: string,
    decide: (records: readonly StoredRecord[]) => TableChanges,
  ): Promise<StoredRecord[]>;
}

interface AnnotationSchema extends DBSchema {
  /** Version 1: one record per slide, by fingerprint. */
  slides: { key: string; value: unknown };
  /** Version 2: see `RecordKey`. */
  records: { key: IDBValidKey[]; value: unknown };
}

type Database = IDBPDatabase<AnnotationSchema>;

const databaseName = 'dualscope.annotations';
const databaseVersion = 2;

/** Milliseconds that an open page of an earlier version may delay the database. */
const blockedPatience = 2000;

/** Opens the database on first use, and again after a failure or after the browser has closed it. */
export function openTable(): RecordTable {
  let database: Promise<Database> | null = null;
  let isBlocked = false;
  const forget = (): void => {
    database = null;
  };
  const start = async (): Promise<Database> => {
    try {
      return await openDB<AnnotationSchema>(databaseName, databaseVersion, {
        upgrade: (fresh, earlier) => {
          if (earlier < 1) fresh.createObjectStore('slides');
          if (earlier < 2) fresh.createObjectStore('records');
        },
        blocked: () => {
          isBlocked = true;
        },
        // A page with a later version waits for this one.
        blocking: (_from, _to, { target }) => {
          (target as IDBDatabase).close();
          forget();
        },
        terminated: forget,
      });
    } catch (error) {
      forget();
      throw isLaterVersion(error)
        ? new Error('They were saved by a later version of Dualscope.', { cause: error })
        : error;
    } finally {
      isBlocked = false;
    }
  };
  const open = (): Promise<Database> => (database ??= start());
  /** As `open`, but fails if a page of an earlier version keeps the database from opening. */
  const openInTime = async (): Promise<Database> => {
    const opening = open();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<never>((_, reject) => {
      const check = (): void => {
        if (isBlocked) reject(new Error('A tab with an earlier version of Dualscope is open. Close it.'));
        else timer = setTimeout(check, blockedPatience);
      };
      timer = setTimeout(check, blockedPatience);
    });
    return Promise.race([opening, patience]).finally(() => clearTimeout(timer));
  };

  const readAll = async (fingerprint: string): Promise<SlideContent> => {
    const transaction = (await openInTime()).transaction(['slides', 'records']);
    const records = transaction.objectStore('records');
    const range = rangeOf([fingerprint]);
    const [keys, values, earlier] = await Promise.all([
      records.getAllKeys(range),
      records.getAll(range),
      transaction.objectStore('slides').get(fingerprint),
      transaction.done,
    ]);
    return { records: pairs(keys, values), unreadableSlide: earlier !== undefined };
  };

  return {
    async read(fingerprint) {
      const content = await readAll(fingerprint);
      if (!content.unreadableSlide) return content;
      const transaction = (await openInTime()).transaction(['slides', 'records'], 'readwrite');
      const slides = transaction.objectStore('slides');
      const split = splitSlideRecord(fingerprint, await slides.get(fingerprint));
      if (split !== null) {
        const records = transaction.objectStore('records');
        const puts = split.map(({ key, value }) => records.put(value, [...key]));
        await Promise.all([...puts, slides.delete(fingerprint)]);
      }
      await transaction.done;
      return readAll(fingerprint);
    },

    async readItems(fingerprint, names) {
      const { store, done } = (await openInTime()).transaction('records');
      const found = Promise.all(
        names.map(async (name) => {
          const slash = name.indexOf('/');
          const range = rangeOf([fingerprint, name.slice(0, slash), name.slice(slash + 1)]);
          return pairs(...(await Promise.all([store.getAllKeys(range), store.getAll(range)])));
        }),
      );
      const [records] = await Promise.all([found, done]);
      return records.flat();
    },

    async write({ puts, deletes }) {
      const transaction = (await open()).transaction('records', 'readwrite', { durability: 'strict' });
      const { store } = transaction;
      const requests: Promise<unknown>[] = [];
      try {
        for (const { key, value } of puts) requests.push(store.put(value, [...key]));
        for (const key of deletes) requests.push(store.delete([...key]));
        // Without an explicit commit, the browser rolls the transaction back if the page closes before its requests are
        // answered.
        transaction.commit();
      } catch (error) {
        await Promise.allSettled([...requests, rolledBack(transaction)]);
        throw error;
      }
      // The transaction, because successful requests may still be rolled back.
      await Promise.all([...requests, transaction.done]);
    },

    async revise(fingerprint, decide) {
      const transaction = (await openInTime()).transaction('records', 'readwrite');
      const { store } = transaction;
      const range = rangeOf([fingerprint]);
      const records = pairs(...(await Promise.all([store.getAllKeys(range), store.getAll(range)])));
      const { puts, deletes } = decide(records);
      await Promise.all([
        ...puts.map(({ key, value }) => store.put(value, [...key])),
        ...deletes.map((key) => store.delete([...key])),
        transaction.done,
      ]);
      return (await readAll(fingerprint)).records.slice();
    },
  };
}

/** A record that the browser refuses to store must not leave half of its transaction behind. */
function rolledBack(transaction: { abort(): void; readonly done: Promise<void> }): Promise<void> {
  transaction.abort();
  return transaction.done;
}

function isLaterVersion(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'VersionError';
}

/** All keys that begin with the given parts: an array is greater than any string or number. */
function rangeOf(start: string[]): IDBKeyRange {
  return IDBKeyRange.bound(start, [...start, []]);
}

function pairs(keys: readonly IDBValidKey[], values: readonly unknown[]): StoredRecord[] {
  return keys.map((key, at) => ({ key: key as unknown as RecordKey, value: values[at] }));
}

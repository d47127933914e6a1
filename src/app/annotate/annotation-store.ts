/** Saves annotations per slide in IndexedDB, because a file may have megabytes of outlines. */
import { openDB } from 'idb';
import type { DBSchema, IDBPDatabase } from 'idb';
import type { ErrorReport } from '../../base/error-report.ts';
import { readRecord, toRecord, UnreadableRecord } from './annotation-record.ts';
import type { KeptAnnotations } from './annotation-record.ts';

/** Records by slide fingerprint. Every method rejects when the database fails. */
export interface RecordTable {
  get(fingerprint: string): Promise<unknown>;
  /** Resolves when the record is on disk. */
  put(fingerprint: string, record: unknown): Promise<void>;
  delete(fingerprint: string): Promise<void>;
}

/** Receives problems with their remedies, and the notice that a problem is over. */
export type StoreReporter = (level: 'warning' | 'info', report: ErrorReport) => void;

/** Delay before a failed write is retried, milliseconds; doubles with each failure up to `lastRetryMs`. */
const firstRetryMs = 1000;
const lastRetryMs = 30_000;

/**
 * Reads and writes annotations. Each edit is written immediately, one write at a time; edits made during a write are
 * combined into the next one. Failed writes are reported and retried. Unreadable records are never overwritten.
 */
export class AnnotationStore {
  readonly #table: RecordTable;
  readonly #report: StoreReporter;
  /** Not yet on disk, by fingerprint. */
  readonly #pending = new Map<string, KeptAnnotations>();
  /** Fingerprints of slides with unreadable records. */
  readonly #unreadable = new Set<string>();
  #isWriting = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(report: StoreReporter, table: RecordTable = openTable()) {
    this.#report = report;
    this.#table = table;
  }

  /**
   * Reads the saved annotations of a slide. Reports an unreadable record, and then writes nothing for this slide until
   * it has been read successfully.
   * @param name of the slide, for reports
   * @returns null if nothing is saved or the record is unreadable
   */
  async get(fingerprint: string, name: string): Promise<KeptAnnotations | null> {
    const pending = this.#pending.get(fingerprint);
    if (pending !== undefined) return pending;
    try {
      const read = readRecord(await this.#table.get(fingerprint));
      this.#unreadable.delete(fingerprint);
      if (read !== null && read.dropped > 0) this.#report('warning', droppedReport(name, read.dropped));
      return read?.kept ?? null;
    } catch (error) {
      this.#unreadable.add(fingerprint);
      this.#report('warning', unreadableReport(name, error));
      return null;
    }
  }

  /** Saves the annotations of a slide. Does nothing if its record is unreadable. */
  put(fingerprint: string, kept: KeptAnnotations): void {
    if (this.#unreadable.has(fingerprint)) return;
    this.#pending.set(fingerprint, kept);
    void this.#writePending();
  }

  /** Starts all pending writes at once, because the page is about to close. */
  flush(): void {
    for (const [fingerprint, kept] of this.#pending) {
      // The page may close before a failure can be reported; a write in progress reports its own.
      this.#write(fingerprint, kept).catch(() => undefined);
    }
  }

  async #writePending(): Promise<void> {
    if (this.#isWriting) return;
    clearTimeout(this.#retry);
    this.#isWriting = true;
    try {
      // Every slide is tried in each round: one record that can't be written must not hold up the others.
      const failed = new Map<string, KeptAnnotations>();
      let failure: { readonly error: unknown } | null = null;
      for (let next = this.#nextPending(failed); next !== null; next = this.#nextPending(failed)) {
        const [fingerprint, kept] = next;
        try {
          await this.#write(fingerprint, kept);
        } catch (error) {
          failed.set(fingerprint, kept);
          failure ??= { error };
        }
      }
      if (failure !== null) throw failure.error;
      if (this.#failures > 0) this.#report('info', writtenReport);
      this.#failures = 0;
    } catch (error) {
      if (this.#failures === 0) this.#report('warning', unwrittenReport(error));
      const delay = Math.min(lastRetryMs, firstRetryMs * 2 ** this.#failures);
      this.#failures++;
      this.#retry = setTimeout(() => void this.#writePending(), delay);
    } finally {
      this.#isWriting = false;
    }
  }

  /** The next record to write; those that failed only after another edit. */
  #nextPending(failed: ReadonlyMap<string, KeptAnnotations>): [string, KeptAnnotations] | null {
    for (const [fingerprint, kept] of this.#pending) {
      if (failed.get(fingerprint) !== kept) return [fingerprint, kept];
    }
    return null;
  }

  async #write(fingerprint: string, kept: KeptAnnotations): Promise<void> {
    const isEmpty = kept.annotations.length === 0 && kept.truth === null;
    await (isEmpty ? this.#table.delete(fingerprint) : this.#table.put(fingerprint, toRecord(kept)));
    // Keep a newer edit pending.
    if (this.#pending.get(fingerprint) === kept) this.#pending.delete(fingerprint);
  }
}

/** Calls `flush` when the page is hidden or left, the last moment when a page is sure to run. */
export function onPageHidden(flush: () => void): void {
  window.addEventListener('pagehide', flush);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') flush();
  });
}

function unreadableReport(name: string, error: unknown): ErrorReport {
  return {
    code: 'storage-annotations',
    file: name,
    problem: `Saved annotations of this slide can't be read. ${reasonOf(error)} They are left as they are; new annotations won't be saved.`,
    remedy:
      error instanceof UnreadableRecord
        ? 'Open them with the Dualscope version that saved them. Export new annotations as GeoJSON.'
        : 'Reload the page. Export new annotations as GeoJSON.',
  };
}

function droppedReport(name: string, dropped: number): ErrorReport {
  return {
    code: 'storage-annotations',
    file: name,
    problem: `${dropped} saved ${dropped === 1 ? 'annotation' : 'annotations'} with invalid coordinates skipped.`,
    remedy: 'Redraw them, or import them again.',
  };
}

function unwrittenReport(error: unknown): ErrorReport {
  return {
    code: 'storage-annotations',
    file: '',
    problem: `Annotations can't be saved. ${reasonOf(error)}`,
    remedy: 'Retrying. Free disk space, or export the annotations as GeoJSON before you close the page.',
  };
}

const writtenReport: ErrorReport = {
  code: 'storage-annotations',
  file: '',
  problem: 'Annotations are being saved again.',
  remedy: '',
};

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text === '' || text.endsWith('.') ? text : `${text}.`;
}

interface AnnotationSchema extends DBSchema {
  slides: { key: string; value: unknown };
}

/** The annotation database, opened on first use and reopened after a failure or after the browser has closed it. */
function openTable(): RecordTable {
  let database: Promise<IDBPDatabase<AnnotationSchema>> | null = null;
  const forget = (): void => {
    database = null;
  };
  const open = (): Promise<IDBPDatabase<AnnotationSchema>> => {
    if (database === null) {
      // In a callback, so that a browser without IndexedDB rejects instead of throwing.
      const opening = Promise.resolve().then(() =>
        openDB<AnnotationSchema>('dualscope.annotations', 1, {
          upgrade: (fresh) => void fresh.createObjectStore('slides'),
          terminated: forget,
        }),
      );
      opening.catch(forget);
      database = opening;
    }
    return database;
  };
  /** Waits for the transaction, because a successful request may still be rolled back. */
  const write = async (change: 'put' | 'delete', key: string, record?: unknown): Promise<void> => {
    const transaction = (await open()).transaction('slides', 'readwrite', { durability: 'strict' });
    const { store } = transaction;
    const changed = change === 'put' ? store.put(record, key) : store.delete(key);
    // Without an explicit commit, the browser rolls the transaction back if the page closes before the request is answered.
    transaction.commit();
    await Promise.all([changed, transaction.done]);
  };
  return {
    get: async (fingerprint) => (await open()).get('slides', fingerprint),
    put: (fingerprint, record) => write('put', fingerprint, record),
    delete: (fingerprint) => write('delete', fingerprint),
  };
}

/** Annotations kept in the browser, per slide: IndexedDB, because a file may hold megabytes of outlines. */
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

/** What the store has to say: problems with a remedy, and that a problem is over. */
export type StoreReporter = (level: 'warning' | 'info', report: ErrorReport) => void;

/** Wait before a failed write is tried again, in milliseconds; doubled with each further failure. */
const firstRetryMs = 1000;
const lastRetryMs = 30_000;

/**
 * Reads and writes annotations. Each edit is written at once, one write at a time; edits made during a write are written
 * together after it. A failed write is reported and tried again. A record that could not be read is never overwritten.
 */
export class AnnotationStore {
  readonly #table: RecordTable;
  readonly #report: StoreReporter;
  /** Not on disk yet, by fingerprint. */
  readonly #pending = new Map<string, KeptAnnotations>();
  /** Slides whose record could not be read. */
  readonly #unreadable = new Set<string>();
  #isWriting = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(report: StoreReporter, table: RecordTable = openTable()) {
    this.#report = report;
    this.#table = table;
  }

  /**
   * What is kept of a slide; null where there is nothing, and where it can't be read. The latter is reported, and nothing is
   * written for this slide until it has been read again.
   * @param name of the slide, for reports.
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

  /** Writes what is drawn on a slide. Does nothing for a slide whose record could not be read. */
  put(fingerprint: string, kept: KeptAnnotations): void {
    if (this.#unreadable.has(fingerprint)) return;
    this.#pending.set(fingerprint, kept);
    void this.#writePending();
  }

  /** Starts every write that is waiting, without a delay: the page is about to go. */
  flush(): void {
    for (const [fingerprint, kept] of this.#pending) {
      // The page may be gone before a failure could be reported; the write in progress reports its own.
      this.#write(fingerprint, kept).catch(() => undefined);
    }
  }

  async #writePending(): Promise<void> {
    if (this.#isWriting) return;
    clearTimeout(this.#retry);
    this.#isWriting = true;
    try {
      for (let next = this.#nextPending(); next !== null; next = this.#nextPending()) {
        const [fingerprint, kept] = next;
        await this.#write(fingerprint, kept);
      }
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

  #nextPending(): [string, KeptAnnotations] | null {
    return this.#pending.entries().next().value ?? null;
  }

  async #write(fingerprint: string, kept: KeptAnnotations): Promise<void> {
    const isEmpty = kept.annotations.length === 0 && kept.truth === null;
    await (isEmpty ? this.#table.delete(fingerprint) : this.#table.put(fingerprint, toRecord(kept)));
    // Not when there was another edit meanwhile.
    if (this.#pending.get(fingerprint) === kept) this.#pending.delete(fingerprint);
  }
}

/** Calls `flush` when the page is hidden or left: the last moment in which a page can count on running. */
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
    problem: `The annotations kept for this slide can't be read. ${reasonOf(error)} They stay untouched, and what you draw now is not kept.`,
    remedy:
      error instanceof UnreadableRecord
        ? 'Open them with the version of Dualscope that wrote them. Export new annotations as GeoJSON to keep them.'
        : 'Reload the page. Export new annotations as GeoJSON to keep them.',
  };
}

function droppedReport(name: string, dropped: number): ErrorReport {
  return {
    code: 'storage-annotations',
    file: name,
    problem: `${dropped} of the annotations kept for this slide have coordinates that are not numbers and can't be shown.`,
    remedy: 'Draw them again, or import them from their file.',
  };
}

function unwrittenReport(error: unknown): ErrorReport {
  return {
    code: 'storage-annotations',
    file: '',
    problem: `The browser can't store your annotations. ${reasonOf(error)}`,
    remedy:
      'Dualscope keeps trying. Free disk space, or export the annotations as GeoJSON before you leave the page.',
  };
}

const writtenReport: ErrorReport = {
  code: 'storage-annotations',
  file: '',
  problem: 'Your annotations are stored again.',
  remedy: '',
};

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text === '' || text.endsWith('.') ? text : `${text}.`;
}

interface AnnotationSchema extends DBSchema {
  slides: { key: string; value: unknown };
}

/** The database of annotations. It is opened on first use, and again after it has failed or the browser has closed it. */
function openTable(): RecordTable {
  let database: Promise<IDBPDatabase<AnnotationSchema>> | null = null;
  const forget = (): void => {
    database = null;
  };
  const open = (): Promise<IDBPDatabase<AnnotationSchema>> => {
    if (database === null) {
      // A function, so that a browser without IndexedDB rejects as well.
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
  /** Success is the completion of the transaction: a request alone may still be rolled back. */
  const write = async (change: 'put' | 'delete', key: string, record?: unknown): Promise<void> => {
    const transaction = (await open()).transaction('slides', 'readwrite', { durability: 'strict' });
    const { store } = transaction;
    await Promise.all([change === 'put' ? store.put(record, key) : store.delete(key), transaction.done]);
  };
  return {
    get: async (fingerprint) => (await open()).get('slides', fingerprint),
    put: (fingerprint, record) => write('put', fingerprint, record),
    delete: (fingerprint) => write('delete', fingerprint),
  };
}

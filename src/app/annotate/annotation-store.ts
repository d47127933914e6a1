/** Saves annotations and bookmarks per slide, each by itself, and keeps pages that show the same slide equal. */
import { z } from 'zod';
import type { ErrorReport } from '../../base/error-report.ts';
import { earlierBookmarks, type EarlierBookmarks } from '../navigate/bookmarks.ts';
import { browserStorage } from '../state/browser-storage.ts';
import { itemName, recordKinds, recordTitle, toRecord } from './annotation-record.ts';
import type { KeptAnnotations, StoredRecord } from './annotation-record.ts';
import { openTable } from './annotation-table.ts';
import type { RecordTable, SlideContent } from './annotation-table.ts';
import { settleForks } from './settle-forks.ts';
import { SlideRecords } from './slide-records.ts';
import type { RecordChanges } from './slide-records.ts';

/** Tells the other pages of this browser about changes. */
export interface ChangeChannel {
  post(message: unknown): void;
  /** Called with the messages of other pages. */
  onMessage: (message: unknown) => void;
}

export interface StoreEvents {
  /** Something is not as it was saved, with the remedy. */
  warn(report: ErrorReport): void;
  /** Another page has changed the annotations of the slide that was opened last. */
  changed(fingerprint: string, kept: KeptAnnotations): void;
  /** Writing has begun to fail, for the given reason; null when it works again. */
  failing(reason: string | null): void;
}

/** The saved annotations of a slide, or why they could not be read. */
export type OpenedAnnotations =
  | { readonly kind: 'read'; readonly kept: KeptAnnotations }
  | { readonly kind: 'failed'; readonly reason: string };

/** Delay before a failed write is retried, milliseconds; doubles with each failure up to `lastRetryMs`. */
const firstRetryMs = 1000;
const lastRetryMs = 30_000;

/** Annotations per transaction, so that a large import does not block the page. */
const maxPerWrite = 500;

/** Items per message; beyond it, the other pages read the whole slide. */
const maxPerMessage = 200;

const messageSchema = z.object({
  fingerprint: z.string(),
  /** See `itemName`; null for the whole slide. */
  names: z.array(z.string()).nullable(),
});

/**
 * Reads and writes annotations. Each edit is written immediately, one transaction at a time; edits made during a write
 * are combined into the next one. Failed writes are retried. While a slide could not be read, nothing of
 * it is written.
 */
export class AnnotationStore {
  readonly #events: StoreEvents;
  readonly #table: RecordTable;
  readonly #channel: ChangeChannel | null;
  readonly #earlier: EarlierBookmarks | null;
  readonly #writer = crypto.randomUUID().slice(0, 8);
  readonly #slides = new Map<string, SlideRecords>();
  /** Fingerprints of slides that have been read. */
  readonly #read = new Set<string>();
  /** Slides whose last write failed, in this round. */
  readonly #failed = new Set<SlideRecords>();
  /** Items of the current slide that other pages have changed; null for all. */
  #heard: Set<string> | null = new Set();
  #current: SlideRecords | null = null;
  #isWorking = false;
  /** Whether `#work` was called while it was running. */
  #hasMore = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(
    events: StoreEvents,
    table = openTable(),
    channel = openChannel(),
    earlier: EarlierBookmarks | null = earlierBookmarks(browserStorage()),
  ) {
    this.#events = events;
    this.#table = table;
    this.#earlier = earlier;
    this.#channel = channel;
    if (channel !== null) channel.onMessage = (message) => this.#hear(message);
  }

  /** Whether a change could not be written yet, after at least one attempt. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /**
   * Reads the saved annotations of a slide, which becomes the one that is kept equal with other pages. Reports what is
   * unreadable, and leaves it as it is. After a failure nothing of the slide is written until it has been read.
   * @param name of the slide, for reports
   */
  async open(fingerprint: string, name: string): Promise<OpenedAnnotations> {
    const slide = this.#slides.get(fingerprint) ?? new SlideRecords(fingerprint, this.#writer);
    this.#slides.set(fingerprint, slide);
    this.#current = slide;
    this.#heard = new Set();
    this.#read.delete(fingerprint);
    try {
      await this.#convertBookmarks(fingerprint, name);
      const { records, unreadableSlide } = await this.#settled(slide, await this.#table.read(fingerprint));
      const { unreadable, dropped } = slide.load(records);
      this.#read.add(fingerprint);
      if (unreadableSlide) this.#events.warn(unreadableSlideReport(name));
      if (unreadable.length > 0) this.#events.warn(unreadableReport(name, unreadable));
      if (dropped > 0) this.#events.warn(droppedReport(name, dropped));
      void this.#work();
      return { kind: 'read', kept: slide.content() };
    } catch (error) {
      return { kind: 'failed', reason: reasonOf(error) };
    }
  }

  /** Takes over bookmarks as earlier versions stored them. */
  async #convertBookmarks(fingerprint: string, name: string): Promise<void> {
    const { bookmarks, unreadable } = this.#earlier?.read(fingerprint) ?? { bookmarks: [], unreadable: 0 };
    if (unreadable > 0) this.#events.warn(unreadableBookmarksReport(name, unreadable));
    if (bookmarks.length > 0) {
      const { records } = await this.#table.read(fingerprint);
      const known = new Set(records.map(({ key }) => itemName(key)));
      const puts = bookmarks
        .map((bookmark) =>
          toRecord([fingerprint, 'bookmark', bookmark.id, 1, ''], { kind: 'bookmark', bookmark }),
        )
        .filter(({ key }) => !known.has(itemName(key)));
      await this.#table.write({ puts, deletes: [] });
    }
    this.#earlier?.drop(fingerprint);
  }

  /** Saves the annotations of a slide. Does nothing if it has not been read. */
  put(fingerprint: string, kept: KeptAnnotations): void {
    const slide = this.#slides.get(fingerprint);
    if (slide === undefined || !this.#read.has(fingerprint)) return;
    slide.want(kept);
    this.#failed.delete(slide);
    void this.#work();
  }

  /** Starts all pending writes at once, because the page is about to close. */
  flush(): void {
    for (const slide of this.#slides.values()) {
      for (const kind of recordKinds) {
        const changes = slide.changes(kind);
        // The page may close before a failure can be reported; a write in progress reports its own.
        if (changes !== null) this.#write(slide, changes).catch(() => undefined);
      }
    }
  }

  /** Tries failed writes again now. */
  retry(): void {
    this.#failed.clear();
    void this.#work();
  }

  /** Reads the current slide again: messages of other pages may have been missed. */
  refresh(): void {
    this.#heard = null;
    void this.#work();
  }

  #hear(message: unknown): void {
    const { data } = messageSchema.safeParse(message);
    if (data === undefined || data.fingerprint !== this.#current?.fingerprint) return;
    if (data.names === null) this.#heard = null;
    else for (const name of data.names) this.#heard?.add(name);
    void this.#work();
  }

  async #work(): Promise<void> {
    this.#hasMore = true;
    if (this.#isWorking) return;
    clearTimeout(this.#retry);
    this.#isWorking = true;
    try {
      this.#failed.clear();
      let failure: { readonly error: unknown } | null = null;
      while (this.#hasMore) {
        this.#hasMore = false;
        try {
          const isDone = !(await this.#writeNext()) && !(await this.#readHeard());
          if (!isDone) this.#hasMore = true;
        } catch (error) {
          failure ??= { error };
          this.#hasMore = true;
        }
      }
      if (failure !== null) throw failure.error;
      if (this.#failures > 0) this.#events.failing(null);
      this.#failures = 0;
    } catch (error) {
      if (this.#failures === 0) this.#events.failing(reasonOf(error));
      const delay = Math.min(lastRetryMs, firstRetryMs * 2 ** this.#failures);
      this.#failures++;
      this.#retry = setTimeout(() => void this.#work(), delay);
    } finally {
      this.#isWorking = false;
    }
  }

  /** @returns whether something was written. Every slide is tried: one that can't be written must not hold up others. */
  async #writeNext(): Promise<boolean> {
    for (const slide of this.#slides.values()) {
      if (this.#failed.has(slide)) continue;
      const changes =
        slide.changes('annotation', maxPerWrite) ??
        slide.changes('bookmark') ??
        slide.changes('correction', maxPerWrite) ??
        slide.changes('truth');
      if (changes === null) continue;
      try {
        await this.#write(slide, changes);
      } catch (error) {
        this.#failed.add(slide);
        throw error;
      }
      return true;
    }
    return false;
  }

  async #write({ fingerprint }: SlideRecords, changes: RecordChanges): Promise<void> {
    const { puts, deletes, names } = changes;
    try {
      await this.#table.write({ puts, deletes });
    } catch (error) {
      changes.failed();
      throw error;
    }
    changes.written();
    this.#channel?.post({ fingerprint, names: names.length > maxPerMessage ? null : names });
  }

  /** Reads what other pages have changed, except items with a change of this page that is still to be written. */
  async #readHeard(): Promise<boolean> {
    const slide = this.#current;
    if (slide === null || !this.#read.has(slide.fingerprint)) return false;
    const { fingerprint } = slide;
    const names = this.#heard === null ? null : [...this.#heard].filter((name) => !slide.isPending(name));
    if (names?.length === 0) return false;
    for (const name of names ?? []) this.#heard?.delete(name);
    this.#heard ??= new Set();
    try {
      const content =
        names === null
          ? await this.#table.read(fingerprint)
          : { records: await this.#table.readItems(fingerprint, names), unreadableSlide: false };
      const { records } = await this.#settled(slide, content);
      // Settling a fork reads the whole slide.
      slide.load(records, records === content.records ? names : null);
    } catch {
      // This page goes on with what it has, and reads the whole slide with the next edit or message.
      this.#heard = null;
      return false;
    }
    if (slide === this.#current) this.#events.changed(fingerprint, slide.content());
    return true;
  }

  /** Settles items that two pages have changed at the same time, and reports it. */
  async #settled({ fingerprint }: SlideRecords, content: SlideContent): Promise<SlideContent> {
    if (settleForks(content.records).deletes.length === 0) return content;
    let settled = settleForks([]);
    const records = await this.#table.revise(fingerprint, (found) => (settled = settleForks(found)));
    if (settled.doubled > 0) this.#events.warn(doubledReport(settled.doubled));
    if (settled.overruled > 0) this.#events.warn(overruledReport(settled.overruled));
    if (settled.truthReplaced) this.#events.warn(truthReplacedReport);
    if (settled.deletes.length > 0) this.#channel?.post({ fingerprint, names: null });
    return { ...content, records };
  }
}

/** null in browsers without it: their pages see each other's changes when they open a slide. */
function openChannel(): ChangeChannel | null {
  if (typeof BroadcastChannel === 'undefined') return null;
  const channel = new BroadcastChannel('dualscope.annotations');
  const result: ChangeChannel = {
    post: (message) => channel.postMessage(message),
    onMessage: () => undefined,
  };
  channel.onmessage = ({ data }) => result.onMessage(data);
  return result;
}

/** Calls `flush` when the page is hidden or left, the last moment when a page is sure to run. */
export function onPageHidden(flush: () => void): void {
  window.addEventListener('pagehide', flush);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') flush();
  });
}

const code = 'storage-annotations';

function unreadableSlideReport(file: string): ErrorReport {
  return {
    code,
    file,
    problem: "Annotations that another version of Dualscope saved for this slide can't be read.",
    remedy:
      'They are left as they are. Open them with the version that saved them, and export them as GeoJSON.',
  };
}

function unreadableReport(file: string, records: readonly StoredRecord[]): ErrorReport {
  const count = records.length;
  const shown = records.slice(0, 3).map(recordTitle).join(', ');
  const more = count > 3 ? ` and ${count - 3} more` : '';
  const kind = records.some(({ key }) => key[1] === 'bookmark') ? 'item' : 'annotation';
  return {
    code,
    file,
    problem: `${count} saved ${kind}${count === 1 ? '' : 's'} can't be read: ${shown}${more}.`,
    remedy: 'They are kept as they are, and not shown. Redraw them, or import them again.',
  };
}

function unreadableBookmarksReport(file: string, count: number): ErrorReport {
  return {
    code,
    file,
    problem: `${count} saved ${count === 1 ? 'bookmark' : 'bookmarks'} can't be read.`,
    remedy: 'A copy is kept in the browser. Set them again.',
  };
}

function droppedReport(file: string, dropped: number): ErrorReport {
  return {
    code,
    file,
    problem: `${dropped} ${dropped === 1 ? 'region' : 'regions'} of the saved ground truth can't be read.`,
    remedy: 'Load the ground truth again.',
  };
}

function doubledReport(count: number): ErrorReport {
  return {
    code,
    file: '',
    problem: `${count} ${count === 1 ? 'annotation or bookmark was' : 'annotations or bookmarks were'} changed in two tabs at the same time. Both versions are kept.`,
    remedy: 'Delete the one that you do not need.',
  };
}

function overruledReport(count: number): ErrorReport {
  return {
    code,
    file: '',
    problem: `${count} ${count === 1 ? 'object was' : 'objects were'} reviewed in two tabs at the same time. The later word is used.`,
    remedy: 'Look at the object again.',
  };
}

const truthReplacedReport: ErrorReport = {
  code,
  file: '',
  problem: 'The ground truth was changed in two tabs at the same time. The later one is used.',
  remedy: 'Load the ground truth again if you need the other one.',
};

/** Reasons that browsers give in words of their own, by the error's name. */
const reasons: Readonly<Record<string, string>> = {
  QuotaExceededError: "The browser's storage is full.",
  AbortError: 'The browser could not store the change.',
  SecurityError: 'The browser does not allow this page to store anything.',
};

/** Why the database failed, as a sentence. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = reasons[error.name] ?? error.message;
  return text === '' || text.endsWith('.') ? text : `${text}.`;
}

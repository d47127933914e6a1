/** Annotations and bookmarks of one slide as records: what is on disk, what is still to be written. Pure. */
import type { Correction } from '../../objects/correction.ts';
import type { Bookmark } from '../navigate/bookmarks.ts';
import { itemName, readRecord, toRecord } from './annotation-record.ts';
import type {
  Content,
  KeptAnnotations,
  KeptTruth,
  RecordKey,
  RecordKind,
  StoredRecord,
} from './annotation-record.ts';

interface Item {
  readonly kind: RecordKind;
  readonly id: string;
  /** Kept when the annotation is deleted, so that undo returns it to its place. null for items never placed. */
  place: number | null;
  /** On disk as far as this page knows; null if nothing is. */
  saved: Content | null;
  /** Still to be written; null deletes, undefined if there is nothing to do. */
  wanted: Content | null | undefined;
  /** Keys of records that may be on disk. The next write deletes them. */
  keys: readonly RecordKey[];
  /** The highest used so far. */
  revision: number;
}

/** One transaction. Call `written` or `failed` when it has ended. */
export interface RecordChanges {
  readonly puts: readonly StoredRecord[];
  readonly deletes: readonly RecordKey[];
  /** Names of the changed items. */
  readonly names: readonly string[];
  written(): void;
  failed(): void;
}

/** What could not be read of a slide. */
export interface LoadResult {
  readonly unreadable: readonly StoredRecord[];
  /** Number of invalid regions of the ground truth. */
  readonly dropped: number;
}

export class SlideRecords {
  readonly fingerprint: string;
  readonly #writer: string;
  readonly #items = new Map<string, Item>();
  /** Items by name that `wanted` has something for. */
  readonly #pending = new Set<Item>();
  #highestPlace = 0;

  /** @param writer identifies this page among those that are open */
  constructor(fingerprint: string, writer: string) {
    this.fingerprint = fingerprint;
    this.#writer = writer;
  }

  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  isPending(name: string): boolean {
    return this.#items.get(name)?.wanted !== undefined;
  }

  /**
   * Takes over what is on disk. Items with changes still to be written keep them.
   * @param records without forks; all records of the items
   * @param names the items read; null for the whole slide
   */
  load(records: readonly StoredRecord[], names: readonly string[] | null = null): LoadResult {
    const unreadable: StoredRecord[] = [];
    let dropped = 0;
    const found = new Set<string>();
    for (const record of records) {
      const read = readRecord(record);
      if (read === null) {
        unreadable.push(record);
        continue;
      }
      dropped += read.dropped;
      const [, kind, id, revision] = record.key;
      const name = itemName(record.key);
      found.add(name);
      const item = this.#itemOf(kind, id);
      // The same record keeps the same objects, which are compared by identity.
      const isKnown = item.saved !== null && item.keys.some((key) => isSameKey(key, record.key));
      if (item.wanted !== undefined || isKnown) continue;
      item.saved = read.content;
      item.keys = [record.key];
      item.revision = Math.max(item.revision, revision);
      if (read.content.kind !== 'annotation') continue;
      item.place = read.content.place;
      this.#highestPlace = Math.max(this.#highestPlace, item.place);
    }
    for (const name of names ?? this.#items.keys()) {
      const item = this.#items.get(name);
      if (item === undefined || found.has(name) || item.wanted !== undefined) continue;
      item.saved = null;
      item.keys = [];
    }
    return { unreadable, dropped };
  }

  /** Plans the changes that turn the current content into `kept`. Annotations and bookmarks are compared by identity. */
  want({ annotations, bookmarks, truth, corrections = [] }: KeptAnnotations): void {
    const kept = new Set<Item>();
    for (const annotation of annotations) {
      const item = this.#itemOf('annotation', annotation.id);
      kept.add(item);
      const current = contentOf(item);
      if (current?.kind === 'annotation' && current.annotation === annotation) continue;
      const place = (item.place ??= ++this.#highestPlace);
      this.#plan(item, { kind: 'annotation', place, annotation });
    }
    for (const bookmark of bookmarks) {
      const item = this.#itemOf('bookmark', bookmark.id);
      kept.add(item);
      const current = contentOf(item);
      if (current?.kind === 'bookmark' && current.bookmark === bookmark) continue;
      this.#plan(item, { kind: 'bookmark', bookmark });
    }
    for (const correction of corrections) {
      const item = this.#itemOf('correction', correction.id);
      kept.add(item);
      const current = contentOf(item);
      if (current?.kind === 'correction' && current.correction === correction) continue;
      this.#plan(item, { kind: 'correction', correction });
    }
    for (const item of this.#items.values()) {
      if (item.kind !== 'truth' && !kept.has(item) && contentOf(item) !== null) this.#plan(item, null);
    }
    const item = this.#itemOf('truth', '');
    const current = contentOf(item);
    if (!isSameTruth(current?.kind === 'truth' ? current.truth : null, truth)) {
      this.#plan(item, truth === null ? null : { kind: 'truth', truth });
    }
  }

  /** Saved content with pending changes applied. */
  content(): KeptAnnotations {
    const shown: Extract<Content, { kind: 'annotation' }>[] = [];
    const bookmarks: Bookmark[] = [];
    const corrections: Correction[] = [];
    let truth: KeptTruth | null = null;
    for (const item of this.#items.values()) {
      const content = contentOf(item);
      if (content?.kind === 'annotation') shown.push(content);
      else if (content?.kind === 'bookmark') bookmarks.push(content.bookmark);
      else if (content?.kind === 'correction') corrections.push(content.correction);
      else if (content?.kind === 'truth') truth = content.truth;
    }
    const annotations = shown
      .sort((one, other) => one.place - other.place || (one.annotation.id < other.annotation.id ? -1 : 1))
      .map(({ annotation }) => annotation);
    bookmarks.sort((one, other) => one.created - other.created || (one.id < other.id ? -1 : 1));
    corrections.sort((one, other) => one.place - other.place || (one.id < other.id ? -1 : 1));
    return { annotations, bookmarks, truth, ...(corrections.length > 0 && { corrections }) };
  }

  /**
   * Pending changes as one transaction; null if there are none. Ground truth may have megabytes, so it gets a
   * transaction of its own: one that is too large must not hold up the annotations.
   */
  changes(kind: RecordKind, limit = Infinity): RecordChanges | null {
    const items = [...this.#pending].filter((item) => item.kind === kind).slice(0, limit);
    return items.length === 0 ? null : this.#write(items);
  }

  #write(items: readonly Item[]): RecordChanges {
    const steps = items.map((item) => {
      const content = item.wanted ?? null;
      const replaced = item.keys;
      item.revision++;
      const key: RecordKey = [this.fingerprint, item.kind, item.id, item.revision, this.#writer];
      if (content !== null) item.keys = [...item.keys, key];
      return { item, content, replaced, key };
    });
    return {
      puts: steps.flatMap(({ content, key }) => (content === null ? [] : toRecord(key, content))),
      deletes: steps.flatMap(({ replaced }) => replaced),
      names: steps.map(({ key }) => itemName(key)),
      written: () => {
        for (const { item, content, replaced } of steps) {
          item.saved = content;
          item.keys = item.keys.filter((key) => !replaced.includes(key));
          // A newer change stays pending.
          if ((item.wanted ?? null) === content) {
            item.wanted = undefined;
            this.#pending.delete(item);
          }
        }
      },
      failed: () => {
        for (const { item, key } of steps) item.keys = item.keys.filter((other) => other !== key);
      },
    };
  }

  #plan(item: Item, content: Content | null): void {
    item.wanted = content;
    this.#pending.add(item);
  }

  #itemOf(kind: RecordKind, id: string): Item {
    const name = itemName([this.fingerprint, kind, id, 0, '']);
    let item = this.#items.get(name);
    if (item === undefined) {
      item = { kind, id, place: null, saved: null, wanted: undefined, keys: [], revision: 0 };
      this.#items.set(name, item);
    }
    return item;
  }
}

function contentOf({ wanted, saved }: Item): Content | null {
  return wanted === undefined ? saved : wanted;
}

function isSameKey(one: RecordKey, other: RecordKey): boolean {
  return one.every((part, at) => part === other[at]);
}

/** Regions are compared by identity: they may have megabytes. */
function isSameTruth(one: KeptTruth | null, other: KeptTruth | null): boolean {
  if (one === null || other === null) return one === other;
  return (
    one.source === other.source &&
    one.name === other.name &&
    one.outside === other.outside &&
    (one.regions === other.regions || (one.regions.length === 0 && other.regions.length === 0))
  );
}

/** Annotations kept in the browser, per slide: IndexedDB, because a file may hold megabytes of outlines. */
import { z } from 'zod';
import type { AnnotatedRegion } from '../../annotation/annotation-file.ts';
import type { Annotation } from './annotation.ts';

const ring = z.array(z.number());
const annotation = z.object({ id: z.string(), label: z.string(), outer: ring, holes: z.array(ring) });
const numbers = z.instanceof(Float64Array);
const region = z.object({
  id: z.string(),
  label: z.string(),
  colour: z.string().nullable(),
  outer: numbers,
  holes: z.array(numbers),
});
const keptSchema = z.object({
  annotations: z.array(annotation),
  truth: z
    .object({
      source: z.enum(['file', 'drawn']),
      name: z.string(),
      outside: z.enum(['background', 'not-counted']),
      /** Of a file; what is drawn is kept above. */
      regions: z.array(region),
    })
    .nullable(),
});

/** The ground truth of a slide; its regions are empty where it is what is drawn. */
export interface KeptTruth {
  readonly source: 'file' | 'drawn';
  readonly name: string;
  readonly outside: 'background' | 'not-counted';
  readonly regions: readonly AnnotatedRegion[];
}

/** What is kept of one slide. */
export interface KeptAnnotations {
  readonly annotations: readonly Annotation[];
  readonly truth: KeptTruth | null;
}

const storeName = 'slides';

/** Every method gives up quietly where the browser keeps nothing, as in private windows. */
export class AnnotationStore {
  #database: Promise<IDBDatabase | null> | null = null;

  /** What is kept of a slide; null when there is nothing. */
  async get(fingerprint: string): Promise<KeptAnnotations | null> {
    const value = await this.#request('readonly', (store) => store.get(fingerprint));
    const parsed = keptSchema.safeParse(value);
    return parsed.success ? parsed.data : null;
  }

  async put(fingerprint: string, kept: KeptAnnotations): Promise<void> {
    const isEmpty = kept.annotations.length === 0 && kept.truth === null;
    await this.#request('readwrite', (store) =>
      isEmpty ? store.delete(fingerprint) : store.put(kept, fingerprint),
    );
  }

  async #request(mode: IDBTransactionMode, make: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
    this.#database ??= openDatabase();
    const database = await this.#database;
    if (database === null) return null;
    return new Promise((resolve) => {
      try {
        const request = make(database.transaction(storeName, mode).objectStore(storeName));
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => resolve(null);
      } catch {
        resolve(null);
      }
    });
  }
}

function openDatabase(): Promise<IDBDatabase | null> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open('dualscope.annotations', 1);
      request.onupgradeneeded = () => request.result.createObjectStore(storeName);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

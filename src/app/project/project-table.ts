/** The database of projects: a record per slide, the folders that browsers let us open again, and thumbnails. */
import { openDB } from 'idb';
import type { DBSchema, IDBPDatabase } from 'idb';
import { parseSettings, parseSlide } from '../../project/project.ts';
import type { Project, ProjectSlide } from '../../project/project.ts';
import { changeSlide } from '../../project/slide-change.ts';
import type { SlideChange } from '../../project/slide-change.ts';

/** A project without its slides. */
export interface ProjectHead extends Pick<Project, 'id' | 'title' | 'settings'> {
  /** Milliseconds since 1970 when it was opened last. */
  readonly opened: number;
}

export interface StoredProject {
  readonly head: ProjectHead;
  readonly slides: readonly ProjectSlide[];
  /** Records that can't be read. They are left as they are. */
  readonly unreadable: number;
}

/** Changes of one transaction. */
export interface ProjectWrite {
  readonly added: readonly ProjectSlide[];
  /** By slide id, in the order in which they were made. */
  readonly changes: ReadonlyMap<string, readonly SlideChange[]>;
}

/** Every method rejects when the database fails, and then has changed nothing. */
export interface ProjectTable {
  /** Latest first. */
  heads(): Promise<ProjectHead[]>;
  read(projectId: string): Promise<StoredProject | null>;
  readSlides(projectId: string, ids: readonly string[]): Promise<ProjectSlide[]>;
  putHead(head: ProjectHead): Promise<void>;
  /**
   * Makes the changes on the slides as they are on disk, so that those of other tabs stay.
   * @returns the slides afterwards
   */
  write(projectId: string, write: ProjectWrite): Promise<ProjectSlide[]>;
  /** Writes slides as they are in this page, at once: the page is about to close. */
  put(projectId: string, slides: readonly ProjectSlide[]): Promise<void>;
  folder(projectId: string): Promise<FileSystemDirectoryHandle | null>;
  putFolder(projectId: string, folder: FileSystemDirectoryHandle): Promise<void>;
  /** A `data:` URL of a JPEG. */
  thumbnail(fingerprint: string): Promise<string | null>;
  putThumbnail(fingerprint: string, picture: string): Promise<void>;
}

interface ProjectSchema extends DBSchema {
  heads: { key: string; value: unknown };
  /** Keys are project and slide; each write of a slide raises its revision. */
  slides: { key: [string, string]; value: { revision: number; slide: unknown } };
  folders: { key: string; value: FileSystemDirectoryHandle };
  thumbnails: { key: string; value: { picture: string; time: number }; indexes: { time: number } };
}

const databaseName = 'dualscope.projects';
const databaseVersion = 1;
/** Thumbnails kept, of about 10 kB each. */
const mostThumbnails = 2000;

export function openProjectTable(): ProjectTable {
  let database: Promise<IDBPDatabase<ProjectSchema>> | null = null;
  const forget = (): void => {
    database = null;
  };
  const open = (): Promise<IDBPDatabase<ProjectSchema>> => {
    database ??= openDB<ProjectSchema>(databaseName, databaseVersion, {
      upgrade: (fresh) => {
        fresh.createObjectStore('heads');
        fresh.createObjectStore('slides');
        fresh.createObjectStore('folders');
        fresh.createObjectStore('thumbnails').createIndex('time', 'time');
      },
      // A page with a later version waits for this one.
      blocking: (_from, _to, { target }) => {
        (target as IDBDatabase).close();
        forget();
      },
      terminated: forget,
    }).catch((error: unknown) => {
      forget();
      throw error;
    });
    return database;
  };
  return {
    async heads() {
      const db = await open();
      const heads = (await db.getAll('heads')).flatMap((value) => readHead(value) ?? []);
      return heads.sort((one, other) => other.opened - one.opened);
    },

    async read(projectId) {
      const transaction = (await open()).transaction(['heads', 'slides']);
      const [value, records] = await Promise.all([
        transaction.objectStore('heads').get(projectId),
        transaction.objectStore('slides').getAll(slidesOf(projectId)),
        transaction.done,
      ]);
      const head = readHead(value);
      if (head === null) return null;
      const slides = records.flatMap(({ slide }) => parseSlide(slide) ?? []);
      return { head, slides, unreadable: records.length - slides.length };
    },

    async readSlides(projectId, ids) {
      const { store, done } = (await open()).transaction('slides');
      const [records] = await Promise.all([Promise.all(ids.map((id) => store.get([projectId, id]))), done]);
      return records.flatMap((record) => parseSlide(record?.slide) ?? []);
    },

    async putHead(head) {
      await (await open()).put('heads', head, head.id);
    },

    async write(projectId, { added, changes }) {
      const transaction = (await open()).transaction('slides', 'readwrite', { durability: 'strict' });
      const { store } = transaction;
      const fresh = new Map(added.map((slide) => [slide.id, slide]));
      const after: ProjectSlide[] = [];
      const step = async (id: string): Promise<void> => {
        const record = fresh.has(id) ? undefined : await store.get([projectId, id]);
        const before = fresh.get(id) ?? parseSlide(record?.slide);
        // Deleted by another tab.
        if (before === null) return;
        const slide = (changes.get(id) ?? []).reduce(changeSlide, before);
        after.push(slide);
        await store.put({ revision: (record?.revision ?? 0) + 1, slide }, [projectId, id]);
      };
      const steps = [...new Set([...fresh.keys(), ...changes.keys()])].map(step);
      try {
        // The transaction as well: successful requests may still be rolled back.
        await Promise.all([...steps, transaction.done]);
      } catch (error) {
        await Promise.allSettled([...steps, transaction.done]);
        throw error;
      }
      return after;
    },

    async put(projectId, slides) {
      const transaction = (await open()).transaction('slides', 'readwrite', { durability: 'strict' });
      const now = Date.now();
      const puts = slides.map((slide) =>
        transaction.store.put({ revision: now, slide }, [projectId, slide.id]),
      );
      // Without an explicit commit, the browser rolls back if the page closes before the requests are answered.
      transaction.commit();
      await Promise.all([...puts, transaction.done]);
    },

    async folder(projectId) {
      return (await (await open()).get('folders', projectId)) ?? null;
    },

    async putFolder(projectId, folder) {
      await (await open()).put('folders', folder, projectId);
    },

    async thumbnail(fingerprint) {
      return (await (await open()).get('thumbnails', fingerprint))?.picture ?? null;
    },

    async putThumbnail(fingerprint, picture) {
      const transaction = (await open()).transaction('thumbnails', 'readwrite');
      const { store } = transaction;
      await store.put({ picture, time: Date.now() }, fingerprint);
      if ((await store.count()) > mostThumbnails) {
        await (await store.index('time').openCursor())?.delete();
      }
      await transaction.done;
    },
  };
}

function readHead(value: unknown): ProjectHead | null {
  const { id, title, settings, opened } = (value ?? {}) as Partial<Record<keyof ProjectHead, unknown>>;
  const known = parseSettings(settings);
  if (typeof id !== 'string' || typeof title !== 'string' || typeof opened !== 'number') return null;
  return known === null ? null : { id, title, settings: known, opened };
}

/** All slides of a project: an array is greater than any string. */
function slidesOf(projectId: string): IDBKeyRange {
  return IDBKeyRange.bound([projectId], [projectId, []]);
}

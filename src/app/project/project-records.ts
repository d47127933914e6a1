/** Keeps the slides of one project equal in the page, on disk and in other tabs. */
import { z } from 'zod';
import { inPlace } from '../../project/project.ts';
import type { ProjectSlide } from '../../project/project.ts';
import { changeSlide } from '../../project/slide-change.ts';
import type { SlideChange } from '../../project/slide-change.ts';
import type { ChangeChannel } from '../annotate/annotation-store.ts';
import type { ProjectTable } from './project-table.ts';

export interface RecordEvents {
  /** The slides have changed: here, or in another tab. */
  changed(slides: readonly ProjectSlide[]): void;
  /** Writing has begun to fail, for the given reason; null when it works again. */
  failing(reason: string | null): void;
}

/** Delay before a failed write is tried again, milliseconds; doubles with each failure up to the last. */
const firstRetryMs = 1000;
const lastRetryMs = 30_000;

const messageSchema = z.object({ project: z.string(), slides: z.array(z.string()) });

export class ProjectRecords {
  readonly #id: string;
  readonly #table: ProjectTable;
  readonly #channel: ChangeChannel | null;
  readonly #events: RecordEvents;
  readonly #slides: Map<string, ProjectSlide>;
  /** New slides that are not on disk yet. */
  #added = new Map<string, ProjectSlide>();
  /** Changes that are not on disk yet, by slide. */
  #changes = new Map<string, SlideChange[]>();
  /** Slides that are being written. */
  #writing: readonly string[] = [];
  /** Slides that other tabs have changed. */
  readonly #heard = new Set<string>();
  #isWorking = false;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** @param slides as they are on disk */
  constructor(
    id: string,
    slides: readonly ProjectSlide[],
    table: ProjectTable,
    channel: ChangeChannel | null,
    events: RecordEvents,
  ) {
    this.#id = id;
    this.#table = table;
    this.#channel = channel;
    this.#events = events;
    this.#slides = new Map(slides.map((slide) => [slide.id, slide]));
    if (channel !== null) channel.onMessage = (message) => this.#hear(message);
  }

  /** By place. */
  get slides(): readonly ProjectSlide[] {
    return inPlace([...this.#slides.values()]);
  }

  slide(id: string): ProjectSlide | null {
    return this.#slides.get(id) ?? null;
  }

  /** Whether something could not be written yet, after at least one attempt. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Adds and changes slides. The page shows it at once, and the disk has it within one transaction. */
  change(
    changes: readonly (readonly [id: string, change: SlideChange])[],
    added: readonly ProjectSlide[] = [],
  ): void {
    let isChanged = added.length > 0;
    for (const slide of added) {
      this.#slides.set(slide.id, slide);
      this.#added.set(slide.id, slide);
    }
    for (const [id, change] of changes) {
      const before = this.#slides.get(id);
      if (before === undefined) continue;
      const after = changeSlide(before, change);
      if (after === before) continue;
      isChanged = true;
      this.#slides.set(id, after);
      const pending = this.#changes.get(id);
      if (pending === undefined) this.#changes.set(id, [change]);
      else pending.push(change);
    }
    if (!isChanged) return;
    this.#events.changed(this.slides);
    void this.#work();
  }

  /** Writes what is pending, because the page is about to close. */
  flush(): void {
    // What is being written as well: a transaction that waits for an answer is rolled back when the page closes.
    const ids = new Set([...this.#writing, ...this.#added.keys(), ...this.#changes.keys()]);
    const slides = [...ids].flatMap((id) => this.#slides.get(id) ?? []);
    if (slides.length > 0) void this.#table.put(this.#id, slides).catch(() => undefined);
  }

  /** Tries failed writes again now. */
  retry(): void {
    void this.#work();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    if (this.#channel !== null) this.#channel.onMessage = () => undefined;
    this.flush();
  }

  #hear(message: unknown): void {
    const { data } = messageSchema.safeParse(message);
    if (data?.project !== this.#id) return;
    for (const id of data.slides) this.#heard.add(id);
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    clearTimeout(this.#retry);
    this.#isWorking = true;
    try {
      while (!this.#isClosed && ((await this.#write()) || (await this.#read())));
      if (this.#failures > 0) this.#events.failing(null);
      this.#failures = 0;
    } catch (error) {
      if (this.#failures === 0) this.#events.failing(error instanceof Error ? error.message : String(error));
      const delay = Math.min(lastRetryMs, firstRetryMs * 2 ** this.#failures);
      this.#failures++;
      this.#retry = setTimeout(() => void this.#work(), delay);
    } finally {
      this.#isWorking = false;
    }
  }

  /** @returns whether something was written */
  async #write(): Promise<boolean> {
    const added = this.#added;
    const changes = this.#changes;
    if (added.size === 0 && changes.size === 0) return false;
    this.#added = new Map();
    this.#changes = new Map();
    const slides = [...new Set([...added.keys(), ...changes.keys()])];
    this.#writing = slides;
    try {
      // A new slide is written as it was added: its changes follow, in the order in which they were made.
      const after = await this.#table.write(this.#id, { added: [...added.values()], changes });
      this.#take(after);
    } catch (error) {
      this.#added = new Map([...added, ...this.#added]);
      for (const [id, later] of this.#changes) changes.set(id, [...(changes.get(id) ?? []), ...later]);
      this.#changes = changes;
      throw error;
    } finally {
      this.#writing = [];
    }
    this.#channel?.post({ project: this.#id, slides });
    return true;
  }

  async #read(): Promise<boolean> {
    const ids = [...this.#heard];
    if (ids.length === 0) return false;
    this.#heard.clear();
    this.#take(await this.#table.readSlides(this.#id, ids));
    return true;
  }

  /** Takes slides over as they are on disk, with the changes that are not there yet. */
  #take(slides: readonly ProjectSlide[]): void {
    let isChanged = false;
    for (const slide of slides) {
      const shown = (this.#changes.get(slide.id) ?? []).reduce(changeSlide, slide);
      const before = this.#slides.get(slide.id);
      // Slides are small, and the same ones keep their identity, so that lists draw only what has changed.
      if (before !== undefined && JSON.stringify(before) === JSON.stringify(shown)) continue;
      isChanged = true;
      this.#slides.set(slide.id, shown);
    }
    if (isChanged) this.#events.changed(this.slides);
  }
}

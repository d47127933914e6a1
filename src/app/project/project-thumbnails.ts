/** Reads the slides of a project one at a time: what each is by its content, and a thumbnail. Those in view come first. */
import type { ErrorReport } from '../../base/error-report.ts';
import { LeastRecentlyUsed } from '../../base/lru.ts';
import type { ProjectSlide } from '../../project/project.ts';
import type { SlideIdentity } from '../../project/slide-change.ts';
import type { SlideMetadata } from '../../slide/slide.ts';
import type { SlideInput, TileLook } from '../../worker/protocol.ts';
import type { SlideClient } from '../../worker/slide-client.ts';
import { reportOf } from '../session/error-log.ts';
import { drawThumbnail } from '../session/slide-thumbnail.ts';
import type { ProjectTable } from './project-table.ts';

export interface ThumbnailSource {
  /** The slides of the project, those in view first. */
  slides(): readonly ProjectSlide[];
  input(slideId: string): SlideInput | null;
  identified(slideId: string, identity: SlideIdentity): void;
  failed(slideId: string, report: ErrorReport): void;
}

/** Thumbnails in memory, of about 10 kB each. */
const mostKept = 600;

const look: TileLook = { colours: 'srgb', channels: null };

export function identityOf({ fingerprint, width, height, mpp }: SlideMetadata): SlideIdentity {
  return { fingerprint, size: { width, height }, mpp: mpp === null ? null : (mpp.x + mpp.y) / 2 };
}

export class ProjectThumbnails {
  readonly #client: Pick<SlideClient, 'open' | 'close' | 'tile' | 'associatedImage'>;
  readonly #table: Pick<ProjectTable, 'thumbnail' | 'putThumbnail'>;
  readonly #listeners = new Set<() => void>();
  /** `data:` URLs by slide; null for a slide without one. */
  #pictures = new LeastRecentlyUsed<string, { readonly url: string | null }>(mostKept, () => 1);
  /** Slides that need not be read again. */
  #read = new Set<string>();
  #visible: readonly string[] = [];
  #source: ThumbnailSource | null = null;
  #isWorking = false;

  constructor(client: SlideClient, table: ProjectTable) {
    this.#client = client;
    this.#table = table;
  }

  /** null while it is not known, and for a slide without one. */
  of(slideId: string): string | null {
    return this.#pictures.get(slideId)?.url ?? null;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Begins with a project, or ends with null. */
  show(source: ThumbnailSource | null): void {
    this.#source = source;
    this.#pictures = new LeastRecentlyUsed(mostKept, () => 1);
    this.#read = new Set();
    this.#visible = [];
    void this.#work();
  }

  /** Slides in view, which are read first. */
  want(slideIds: readonly string[]): void {
    this.#visible = slideIds;
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      for (;;) {
        const source = this.#source;
        const slide = source === null ? null : this.#next(source);
        if (source === null || slide === null) return;
        await this.#readSlide(source, slide);
      }
    } finally {
      this.#isWorking = false;
    }
  }

  #next(source: ThumbnailSource): ProjectSlide | null {
    const slides = source.slides();
    const byId = new Map(slides.map((slide) => [slide.id, slide]));
    const canRead = ({ id, fingerprint }: ProjectSlide): boolean =>
      fingerprint !== null || source.input(id) !== null;
    for (const id of this.#visible) {
      const slide = byId.get(id);
      if (slide !== undefined && this.#pictures.get(id) === undefined && canRead(slide)) return slide;
    }
    // All are to be known by their content: files may move, and project files travel.
    return (
      slides.find((each) => each.fingerprint === null && !this.#read.has(each.id) && canRead(each)) ?? null
    );
  }

  async #readSlide(source: ThumbnailSource, slide: ProjectSlide): Promise<void> {
    this.#read.add(slide.id);
    const { fingerprint } = slide;
    const stored = fingerprint === null ? null : await this.#table.thumbnail(fingerprint).catch(() => null);
    const url = stored ?? (await this.#draw(source, slide));
    if (source !== this.#source) return;
    this.#pictures.set(slide.id, { url });
    for (const listener of [...this.#listeners]) listener();
  }

  async #draw(source: ThumbnailSource, { id, name }: ProjectSlide): Promise<string | null> {
    const input = source.input(id);
    if (input === null) return null;
    try {
      const { slideId, metadata } = await this.#client.open(input);
      try {
        if (source === this.#source) source.identified(id, identityOf(metadata));
        const known = await this.#table.thumbnail(metadata.fingerprint).catch(() => null);
        if (known !== null) return known;
        const url = await drawThumbnail(this.#client, slideId, metadata, look).catch(() => null);
        if (url !== null) await this.#table.putThumbnail(metadata.fingerprint, url).catch(() => undefined);
        return url;
      } finally {
        void this.#client.close(slideId);
      }
    } catch (error) {
      if (source === this.#source) source.failed(id, reportOf(error, name));
      return null;
    }
  }
}

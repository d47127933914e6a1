/** Predictions that were opened from files, as layers of the slide that they were made on. */
import { paintedAreas } from '../../annotation/annotation-file.ts';
import { matchOrigin } from '../../export/prediction-origin.ts';
import type { MapClient } from '../../worker/map-client.ts';
import { annotatedSlide } from '../annotate/annotated-slide.ts';
import { LiveClassMap } from '../overlay/class-map-store.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import type { LayerContent } from '../session/layer-content.ts';
import { currentMpp } from '../state/state.ts';
import type { OpenSlide } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { truthGrid } from '../truth/truth-painter.ts';
import type { Result } from './result-files.ts';

/** A prediction that is open. */
export interface Prediction {
  /** Unique on its slide. */
  readonly id: string;
  /** The model that made it. */
  readonly modelId: string;
  readonly content: LayerContent;
}

export class PredictionSession {
  readonly #store: AppStore;
  readonly #client: MapClient;
  /** By the slide's fingerprint, in the order in which they were opened. */
  readonly #open = new Map<string, readonly Prediction[]>();
  readonly #none: readonly Prediction[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(store: AppStore, client: MapClient) {
    this.#store = store;
    this.#client = client;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Those of a slide; the same list until one is opened. */
  of(fingerprint: string): readonly Prediction[] {
    return this.#open.get(fingerprint) ?? this.#none;
  }

  /**
   * Opens those results that are of the open slide; the active pane then shows the last of them. Of others, the log says which
   * slide they belong to.
   */
  async open(results: readonly Result[]): Promise<void> {
    const { slide } = this.#store.getState();
    const [first] = results;
    if (first === undefined) return;
    if (slide === null) {
      const problem = `It is a prediction on ${first.origin.slide.name}.`;
      this.#log('error', first.file.name, problem, 'Open that slide, then the file again.');
      return;
    }
    const own = results.filter(({ origin }) => matchOrigin(origin, slide.metadata).kind !== 'other');
    if (own.length === 0) {
      const { name, width, height } = first.origin.slide;
      const more = results.length === 1 ? '' : ` None of the ${results.length} results is of the open slide.`;
      this.#log(
        'error',
        first.file.name,
        `It is a prediction on ${name} (${width} × ${height} pixels), not on ${slide.metadata.name}.${more}`,
        'Open that slide, then the file again.',
      );
      return;
    }
    for (const result of own) {
      if (matchOrigin(result.origin, slide.metadata).kind === 'alike') {
        const problem = 'Name and size of its slide are those of the open one, but the content differs.';
        this.#log('warning', result.file.name, problem, 'Check that it was made on this slide.');
      }
      await this.#openOne(result, slide);
    }
    const others = results.length - own.length;
    if (others > 0) {
      const text = others === 1 ? '1 result of another slide was' : `${others} results of other slides were`;
      this.#log('info', first.file.name, `${text} left out.`, '');
    }
  }

  async #openOne(result: Result, slide: OpenSlide): Promise<void> {
    const { origin, file, kind } = result;
    const { fingerprint } = slide.metadata;
    const others = this.of(fingerprint);
    const map = new LiveClassMap();
    const content: LayerContent = {
      title: `${origin.model.title} (${file.name})`,
      classes: origin.classes,
      map,
      ...(origin.mark === null
        ? {}
        : { mismatches: [{ label: 'Marked when made', problem: origin.mark, asks: true }] }),
      ...(result.confidence === null ? { certain: true } : {}),
    };
    const id = freeId(origin.model.id, others);
    this.#open.set(fingerprint, [...others, { id, modelId: origin.model.id, content }]);
    try {
      if (kind === 'classes') {
        await this.#client.readClassMap(file, result.confidence, origin, (cell) =>
          map.add(cell, slide.metadata),
        );
      } else await this.#paintPolygons(result, slide, map);
    } catch (error) {
      this.#open.set(
        fingerprint,
        this.of(fingerprint).filter((each) => each.id !== id),
      );
      this.#changed();
      const entry = logEntry('error', reportOf(error, file.name), null);
      this.#store.dispatch({ type: 'log', entry });
      return;
    }
    this.#changed();
    const problem =
      kind === 'classes'
        ? `Opened as a prediction of ${origin.model.title}.`
        : `Opened as a prediction of ${origin.model.title}. Polygons do not say what is background and what was not segmented.`;
    this.#log('info', file.name, problem, '');
    if (this.#store.getState().slide?.slideId !== slide.slideId) return;
    this.#store.dispatch({ type: 'choose-layer', layer: { kind: 'prediction', id } });
  }

  /** What lies outside of all polygons is not known to be background: it stays empty. */
  async #paintPolygons({ origin, file }: Result, slide: OpenSlide, map: LiveClassMap): Promise<void> {
    const { regions } = await this.#client.readAnnotations(file, file.name, annotatedSlide(slide));
    const valueOf = (label: string): number | null => {
      const value = origin.classes.findIndex(({ name }) => name === label);
      return value < 0 ? null : value;
    };
    const mpp = currentMpp(slide);
    const umPerPx = mpp === null ? null : origin.scale.x * mpp.x;
    const grid = truthGrid({ slide: slide.metadata, mpp, umPerPx });
    const confidence = new Uint8Array(grid.cellPx ** 2).fill(255);
    await this.#client.rasterise(
      paintedAreas(regions, valueOf),
      grid,
      notSegmented,
      (cell) => {
        if (!cell.classes.every((value) => value === notSegmented)) {
          map.add({ ...cell, confidence }, slide.metadata);
        }
      },
      new AbortController().signal,
    );
  }

  #log(level: 'info' | 'warning' | 'error', file: string, problem: string, remedy: string): void {
    const report = { code: 'prediction', file, problem, remedy };
    this.#store.dispatch({ type: 'log', entry: logEntry(level, report, null) });
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Class value of pixels that were not segmented. */
const notSegmented = 255;

/** The model's id, with a number if there is another prediction of it. */
function freeId(modelId: string, others: readonly Prediction[]): string {
  const taken = new Set(others.map(({ id }) => id));
  let free = modelId;
  for (let number = 2; taken.has(free); number++) free = `${modelId}-${number}`;
  return free;
}

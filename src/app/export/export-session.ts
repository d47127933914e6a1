/** Exports the active pane's layer as files. The map worker writes large ones, with progress. */
import { fileStem, safeFileName } from '../../base/file-name.ts';
import { withMark } from '../../base/overridden-check.ts';
import type { PredictionOrigin } from '../../export/prediction-origin.ts';
import type { MapFileRequest } from '../../worker/map-client.ts';
import { annotatedSlide } from '../annotate/annotated-slide.ts';
import { shownColours } from '../overlay/overlay-style.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import { contentMark, contentWarning, type LayerContent } from '../session/layer-content.ts';
import type { WorkbenchParts } from '../session/workbench-parts.ts';
import { activePaneOf, annotateOf, currentMpp, modelOf } from '../state/state.ts';
import type { OpenSlide } from '../state/state.ts';
import type { Figures, FiguresExtent } from '../truth/figures-session.ts';
import { figuresRequest } from '../truth/figures-request.ts';
import { stripsOf } from './class-map-strips.ts';
import { download, areasCsv, changeCsv, figuresJson, metricsCsv } from './export-files.ts';
import { pictureOfView } from './view-picture.ts';

export interface ExportState {
  /** The file being written; null if there is none. */
  readonly writing: { readonly name: string; readonly done: number } | null;
  /** Largest distance of a polygon from its class border, pixels of the map; 0 for exact. */
  readonly tolerance: number;
}

export class ExportSession {
  readonly #workbench: WorkbenchParts;
  readonly #listeners = new Set<() => void>();
  #state: ExportState = { writing: null, tolerance: 0.5 };

  constructor(workbench: WorkbenchParts) {
    this.#workbench = workbench;
  }

  readonly get = (): ExportState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  setTolerance(tolerance: number): void {
    this.#set({ ...this.#state, tolerance });
  }

  /** The class map as a pyramidal TIFF. */
  classMap(): Promise<void> {
    return this.#writeMap('classes.tif', (shown) => {
      const { content, slide, strips, colours } = shown;
      const mpp = currentMpp(slide);
      return {
        kind: 'tiff',
        width: strips.width,
        height: strips.height,
        umPerPx: mpp === null ? null : mpp.x * strips.scale.x,
        about: withMark(contentMark(content), `${content.title} on ${slide.metadata.name}`),
        ...originOf(shown),
        classes: content.classes.map((entry, value) => ({
          ...entry,
          colour: colours[value] ?? entry.colour,
        })),
      };
    });
  }

  /** The classes as polygons for QuPath. */
  polygons(): Promise<void> {
    return this.#writeMap('geojson', ({ content, slide, strips, colours, ...shown }) => ({
      kind: 'geojson',
      ...originOf({ content, slide, strips, colours, ...shown }),
      width: strips.width,
      placement: {
        scaleX: strips.scale.x,
        scaleY: strips.scale.y,
        slideWidth: slide.metadata.width,
        slideHeight: slide.metadata.height,
      },
      tolerance: this.#state.tolerance,
      classes: content.classes.map((entry, value) => ({ ...entry, colour: colours[value] ?? entry.colour })),
      ...(contentMark(content) !== null && { warning: contentMark(content) ?? '' }),
    }));
  }

  /** The classes as a DICOM segmentation; the slide must be one that can have it. */
  segmentation(): Promise<void> {
    return this.#writeMap('seg.dcm', ({ content, slide, strips }) => ({
      kind: 'dicom-seg',
      slide: annotatedSlide(slide),
      width: strips.width,
      height: strips.height,
      scaleX: strips.scale.x,
      scaleY: strips.scale.y,
      classes: [...content.classes],
      algorithm: { name: content.title },
      description: withMark(contentMark(content), 'Research use only'),
    }));
  }

  /** The view as on screen, with legend and scale bar. */
  async picture(): Promise<void> {
    const shown = this.#shown();
    const canvas = pictureOfView(this.#workbench);
    if (shown === null || canvas === null) return;
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (blob !== null) download(blob, `${shown.stem}.view.png`);
  }

  async figuresCsv(): Promise<void> {
    const figures = await this.figures('slide');
    const shown = this.#shown();
    if (figures === null || shown === null) return;
    download(
      new Blob([areasCsv(figures, shown.content === null ? null : contentMark(shown.content))], {
        type: 'text/csv',
      }),
      `${shown.stem}.areas.csv`,
    );
    const change = changeCsv(figures, shown.content);
    if (change !== null) download(new Blob([change], { type: 'text/csv' }), `${shown.stem}.matrix.csv`);
    const metrics = metricsCsv(figures);
    if (metrics !== null) download(new Blob([metrics], { type: 'text/csv' }), `${shown.stem}.metrics.csv`);
  }

  async figuresJson(): Promise<void> {
    const figures = await this.figures('slide');
    const shown = this.#shown();
    if (figures === null || shown === null) return;
    const { slide, content } = shown;
    const text = figuresJson(figures, {
      slide: slide.metadata.name,
      fingerprint: slide.metadata.fingerprint,
      layer: content?.title ?? '',
      modelCheck: content?.overridden === undefined ? null : content.overridden ? 'overridden' : 'passed',
      warning: content === null ? null : contentWarning(content),
      truth: annotateOf(this.#workbench.store.getState()).truth?.name ?? null,
      modelClasses: content?.change?.withContext.classes.map(({ name }) => name) ?? null,
      umPerPx: currentMpp(slide),
      objects: content === null ? null : this.#workbench.objects.countsOf(content.map),
      date: new Date().toISOString(),
    });
    download(new Blob([text], { type: 'application/json' }), `${shown.stem}.figures.json`);
  }

  /** Measurements of the active pane's layer; null if it has none. */
  async figures(extent: FiguresExtent): Promise<Figures | null> {
    const tissue = await this.#workbench.engine.tissue();
    const request = figuresRequest(this.#workbench, extent, tissue);
    return request === null ? null : this.#workbench.figures.compute(request, new AbortController().signal);
  }

  async #writeMap(ending: string, requestOf: (map: ShownMap) => MapFileRequest): Promise<void> {
    const shown = this.#shown();
    if (shown === null || this.#state.writing !== null) return;
    const { content, slide, stem } = shown;
    if (content === null) return;
    const name = `${stem}.${ending}`;
    const colours = shownColours(content.classes, activePaneOf(this.#workbench.store.getState()).overlay);
    this.#set({ ...this.#state, writing: { name, done: 0 } });
    let release: (() => void) | null = null;
    try {
      // Spilled slices would only be available at low resolution.
      release = await content.map.hold();
      const strips = stripsOf(content.map, slide.metadata);
      if (strips === null) return;
      const file = await this.#workbench.maps.writeFile(
        requestOf({ ...shown, content, strips, colours }),
        (top, count) => {
          if (top >= strips.height) return null;
          this.#set({ ...this.#state, writing: { name, done: top / strips.height } });
          return strips.read(top, count).classes;
        },
      );
      download(file, name);
    } catch (error) {
      const entry = logEntry('error', reportOf(error, name), null);
      this.#workbench.store.dispatch({ type: 'log', entry });
    } finally {
      release?.();
      this.#set({ ...this.#state, writing: null });
    }
  }

  /** What the active pane shows, and the stem of its file names. */
  #shown(): Shown | null {
    const state = this.#workbench.store.getState();
    const { layer } = activePaneOf(state);
    const content = this.#workbench.resolveLayer(layer);
    if (state.slide === null) return null;
    const model = modelOf(state, layer)?.id;
    const layerName =
      layer.kind === 'prediction'
        ? layer.id
        : model === undefined
          ? layer.kind
          : layer.kind === 'context'
            ? `${model}.context-change`
            : model;
    const stem = `${fileStem(state.slide.metadata.name)}.${safeFileName(layerName)}`;
    const modelId = layer.kind === 'model' || layer.kind === 'prediction' ? layer.id : null;
    return { slide: state.slide, content, stem, modelId };
  }

  #set(state: ExportState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** With it the file can be opened again as a prediction; nothing for layers of no model. */
function originOf({ content, slide, strips, modelId }: ShownMap): { readonly origin?: PredictionOrigin } {
  if (modelId === null) return {};
  const { name, fingerprint, width, height } = slide.metadata;
  return {
    origin: {
      version: 1,
      model: { id: modelId, title: content.title },
      slide: { name, fingerprint, width, height },
      scale: strips.scale,
      classes: content.classes.map(({ name: of, colour, background }) => ({ name: of, colour, background })),
      mark: contentMark(content),
    },
  };
}

interface Shown {
  readonly slide: OpenSlide;
  /** null without a layer. */
  readonly content: LayerContent | null;
  readonly stem: string;
  /** null for layers of no model. */
  readonly modelId: string | null;
}

interface ShownMap extends Shown {
  readonly content: LayerContent;
  readonly strips: NonNullable<ReturnType<typeof stripsOf>>;
  readonly colours: readonly string[];
}

/** Requests to the segmentation worker other than runs: models, the backend, run estimates and the tissue mask. */
import type { ErrorReport } from '../../base/error-report.ts';
import type { TissueMask } from '../../segment/tissue.ts';
import type { BackendName, SegmentEstimate, SegmentRequest } from '../../worker/protocol.ts';
import type { SegmentClient } from '../../worker/segment-client.ts';
import { qualities } from '../../worker/segment-client.ts';
import { activeModel, currentMpp } from '../state/state.ts';
import type { ModelEntry } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { logEntry, reportOf } from './error-log.ts';
import { chooseModel, parseModelIds, watchDefaultModel } from './model-list.ts';

export class EngineSession {
  readonly #store: AppStore;
  readonly #client: SegmentClient;
  #backend: Promise<void> | null = null;
  #wanted: BackendName | null = null;
  /** The last tissue mask, and what it is of. */
  #tissue: { readonly key: string; readonly mask: Promise<TissueMask | null> } | null = null;

  constructor(store: AppStore, client: SegmentClient) {
    this.#store = store;
    this.#client = client;
    client.onLost((report) => this.#lost(report));
  }

  /**
   * Loads the model list and the manifests. Reports and skips models that cannot be read.
   * @param wanted model id from the page's URL, or null
   */
  async loadModels(wanted: string | null): Promise<void> {
    const models: ModelEntry[] = [];
    try {
      const response = await fetch('./models/index.json');
      if (!response.ok) throw new Error(`Model list unavailable (HTTP ${response.status}).`);
      const ids = parseModelIds(await response.json());
      const loaded = await Promise.all(ids.map((id) => this.#loadModel(id)));
      models.push(...loaded.filter((entry) => entry !== null));
    } catch (error) {
      this.#log(error, 'models/index.json');
    }
    this.#store.dispatch({ type: 'models', models });
    const chosen = chooseModel(models, wanted, 'unknown');
    if (wanted !== null && chosen?.id !== wanted && models.length > 0) {
      const problem = `Unknown model "${wanted}" in the URL; default used.`;
      const report = { code: 'unknown-model', file: '', problem, remedy: '' };
      this.#store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
    }
    if (chosen === null) return;
    const byDefault = chosen.id !== wanted;
    this.#store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: chosen.id }, byDefault });
    watchDefaultModel(this.#store);
  }

  async #loadModel(id: string): Promise<ModelEntry | null> {
    const url = `./models/${id}/`;
    try {
      return { id, url, manifest: await this.#client.manifest(url) };
    } catch (error) {
      this.#log(error, `models/${id}`);
      return null;
    }
  }

  /** Starts the backend once. Reports a failure, after which it can be called again. */
  startBackend(wanted: BackendName | null): Promise<void> {
    this.#wanted = wanted;
    this.#backend ??= this.#startBackend(wanted);
    return this.#backend;
  }

  /** Starts the backend of the next worker, if that of the lost one had started: what hangs in starting would again. */
  #lost(report: ErrorReport): void {
    const { backend, run } = this.#store.getState();
    if (backend.kind !== 'ready') return;
    this.#backend = this.#startBackend(this.#wanted);
    // Otherwise the run says it.
    if (run !== null) return;
    const restarted = { ...report, remedy: 'It was started again, and nothing finished is lost.' };
    this.#store.dispatch({ type: 'log', entry: logEntry('warning', restarted, null) });
  }

  async #startBackend(wanted: BackendName | null): Promise<void> {
    this.#store.dispatch({ type: 'backend-starting' });
    try {
      const report = await this.#client.initialise(wanted);
      this.#store.dispatch({ type: 'backend-ready', report });
    } catch (error) {
      this.#backend = null;
      const report = reportOf(error, 'Backend');
      this.#store.dispatch({ type: 'backend-failed', error: report });
      this.#store.dispatch({ type: 'log', entry: logEntry('error', report, null) });
    }
  }

  /** Estimate for the whole slide at every quality; null if slide, resolution or model is missing. */
  async estimate(signal?: AbortSignal): Promise<SegmentEstimate | null> {
    const request = this.#requestForActive();
    if (request === null) return null;
    return this.#client
      .estimate(
        request,
        qualities.map(({ overlap }) => overlap),
        signal,
      )
      .catch(() => null);
  }

  /** Tissue mask of the open slide; null if slide, resolution or model is missing. The same object until these change. */
  tissue(): Promise<TissueMask | null> {
    const { models } = this.#store.getState();
    // Tissue is tissue, also under a layer without a model.
    const request = this.#requestForActive(models?.[0] ?? null);
    if (request === null) return Promise.resolve(null);
    const { slide } = this.#store.getState();
    const key = [slide?.slideId, request.modelUrl, slide?.userMpp?.x].join();
    if (this.#tissue?.key === key) return this.#tissue.mask;
    const mask = this.#client.tissue(request).catch(() => {
      if (this.#tissue?.key === key) this.#tissue = null;
      return null;
    });
    this.#tissue = { key, mask };
    return mask;
  }

  /** @param otherwise used where the active pane has no model. */
  #requestForActive(otherwise: ModelEntry | null = null): SegmentRequest | null {
    const state = this.#store.getState();
    const { slide, preferences } = state;
    const model = activeModel(state) ?? otherwise;
    if (slide === null || model === null || currentMpp(slide) === null) return null;
    return {
      slide: slide.choice.input,
      modelUrl: model.url,
      area: null,
      mpp: slide.userMpp,
      glass: preferences.skipGlass ? 'skip' : 'include',
    };
  }

  #log(error: unknown, subject: string): void {
    this.#store.dispatch({ type: 'log', entry: logEntry('error', reportOf(error, subject), null) });
  }
}

/** The user's own models, model checks, and measured speeds. */
import type { ChosenFile } from '../../worker/protocol.ts';
import type { NamedFile, SegmentClient } from '../../worker/segment-client.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import { browserStorage } from '../state/browser-storage.ts';
import type { RunOutcome } from '../state/run-state.ts';
import type { AppState, ModelEntry } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { loadSpeeds, saveSpeeds } from './model-speed.ts';
import type { Speeds } from './model-speed.ts';

/** Most files in a model folder. */
const maxFiles = 500;

export class ModelSession {
  readonly #store: AppStore;
  readonly #client: SegmentClient;
  #opened = 0;

  constructor(store: AppStore, client: SegmentClient) {
    this.#store = store;
    this.#client = client;
    // Figures belong to a device.
    store.subscribe(deviceOf, (device) => {
      if (device !== null) this.#set(loadSpeeds(browserStorage(), device));
    });
    store.subscribe(
      ({ lastRun }) => lastRun,
      (lastRun) => {
        if (lastRun !== null) this.#measured(lastRun);
      },
    );
  }

  /** Each run that computed something gives a new figure. */
  #measured({ models }: RunOutcome): void {
    const state = this.#store.getState();
    const device = deviceOf(state);
    const [only] = models;
    // Models that run at once share the device: their rates say nothing of one alone.
    if (device === null || only === undefined || models.length > 1) return;
    const computed = only.slices - only.restored;
    // The first slices pay for loading: too few say little.
    if (computed < 4 || only.seconds <= 0) return;
    // Speeds are of slices in one orientation.
    const orientations = state.preferences.symmetries ? 8 : 1;
    const next = { ...state.speeds, [only.modelId]: (orientations * computed) / only.seconds };
    saveSpeeds(browserStorage(), device, next);
    this.#set(next);
  }

  #set(speeds: Speeds): void {
    this.#store.dispatch({ type: 'speeds', speeds });
  }

  /** Runs the model's golden test tensors on the current backend and stores the outcome in the state. */
  async check(model: ModelEntry): Promise<void> {
    this.#store.dispatch({ type: 'model-check', modelId: model.id, check: { kind: 'running' } });
    try {
      const result = await this.#client.checkModel(model.url);
      this.#store.dispatch({ type: 'model-check', modelId: model.id, check: { kind: 'done', result } });
    } catch (error) {
      const report = reportOf(error, model.id);
      this.#store.dispatch({
        type: 'model-check',
        modelId: model.id,
        check: { kind: 'failed', error: report },
      });
    }
  }

  /**
   * Opens a folder from disk: the files next to manifest.json, without subfolders.
   * @returns an error message; null on success
   */
  async openFolder(files: readonly ChosenFile[]): Promise<string | null> {
    if (files.length > maxFiles) return `This folder has ${files.length} files, too many for a model. Choose the model's own folder.`;
    const manifest = files.find(({ file }) => file.name === 'manifest.json');
    if (manifest === undefined) return 'No manifest.json in this folder. Choose a model folder, such as those in models/.';
    const folder = folderOf(manifest);
    const named = files
      .filter((file) => folderOf(file) === folder)
      .map(({ file }): NamedFile => [file.name, file]);
    // The last part names the model in messages.
    const url = `./own-models/${++this.#opened}/${encodeURIComponent(folder.split('/').at(-1)?.replace(/^\.*$/, 'model') ?? 'model')}/`;
    await this.#client.addModelFiles(url, named);
    return this.#open(url);
  }

  /** Opens a model by the URL of its folder or manifest. @returns an error message; null on success */
  openUrl(text: string): Promise<string | null> {
    const address = text.trim().replace(/manifest\.json$/, '');
    if (!URL.canParse(address, window.location.href)) return Promise.resolve('Not a valid URL.');
    const { href, protocol } = new URL(address, window.location.href);
    if (protocol !== 'http:' && protocol !== 'https:') {
      return Promise.resolve('Only http and https URLs are supported.');
    }
    return this.#open(href.endsWith('/') ? href : `${href}/`);
  }

  /** Accepts a model if its manifest is valid, its files match the manifest, and it runs. */
  async #open(url: string): Promise<string | null> {
    try {
      const manifest = await this.#client.manifest(url);
      const result = await this.#client.checkModel(url);
      const model: ModelEntry = { id: this.#freeId(manifest.id), url, manifest };
      this.#store.dispatch({ type: 'add-model', model });
      this.#store.dispatch({ type: 'model-check', modelId: model.id, check: { kind: 'done', result } });
      this.#store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: model.id } });
      return null;
    } catch (error) {
      const report = reportOf(error, url);
      // The dialog shows it; the log keeps it.
      this.#store.dispatch({ type: 'log', entry: logEntry('info', report, null) });
      return `${report.file}: ${report.problem} ${report.remedy}`;
    }
  }

  /** An id that does not collide with other models. */
  #freeId(id: string): string {
    const taken = new Set(this.#store.getState().models?.map((model) => model.id));
    let free = `own-${id}`;
    for (let number = 2; taken.has(free); number++) free = `own-${id}-${number}`;
    return free;
  }
}

/** Backend and device as one text; null before the backend is ready. */
function deviceOf({ backend }: AppState): string | null {
  return backend.kind === 'ready' ? `${backend.report.name}/${backend.report.device}` : null;
}

function folderOf({ path }: ChosenFile): string {
  return path.split('/').slice(0, -1).join('/');
}

/** The most that is read of a file to see whether it is a model's manifest, bytes. */
const mostManifest = 1_000_000;

/** Whether files are a model's folder: its manifest.json describes a graph and classes. */
export async function isModelFolder(files: readonly ChosenFile[]): Promise<boolean> {
  const manifest = files.find(({ file }) => file.name === 'manifest.json')?.file;
  if (manifest === undefined || manifest.size > mostManifest) return false;
  try {
    const parsed: unknown = JSON.parse(await manifest.text());
    return typeof parsed === 'object' && parsed !== null && 'graph' in parsed && 'classes' in parsed;
  } catch {
    return false;
  }
}

/**
 * A workbench for component tests: the real one, with workers that never answer. Everything that component tests know
 * of the store is in this file; they change state through `TestBench` and look at what is rendered.
 */
import type { Cell, SegmentEvent, SegmentSummary, StageTimes } from '../segment/run-progress.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SlideMetadata, SlideMpp } from '../slide/slide.ts';
import type { SegmentEstimate } from '../worker/protocol.ts';
import { Workbench } from './session/workbench.ts';
import type { Action } from './state/reducer.ts';
import type {
  DemoSlide,
  LayerChoice,
  LogEntry,
  ModelEntry,
  OverlaySettings,
  Preferences,
  SlideChoice,
} from './state/state.ts';
import { WorkbenchContext } from './workbench-context.ts';

/** Takes every message and answers none. */
class SilentWorker extends EventTarget {
  postMessage(): void {
    // Ignores messages.
  }
  terminate(): void {
    // Nothing runs.
  }
}

/** What jsdom has not: workers, modal dialogs, scrolling. */
function completePage(): void {
  Object.assign(globalThis, { Worker: SilentWorker });
  Element.prototype.scrollIntoView = () => undefined;
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
}

export function testManifest(change: Partial<ModelManifest> = {}): ModelManifest {
  const classes = [
    { name: 'normal', colour: '#999999', background: true },
    { name: 'benign', colour: '#009E73', background: false },
    { name: 'in situ', colour: '#F0E442', background: false },
    { name: 'invasive', colour: '#0072B2', background: false },
  ];
  return {
    specVersion: 1,
    id: 'alpha',
    title: 'Alpha',
    description: 'Reads each slice alone.',
    preset: 'test',
    encoder: 'none',
    contextEncoder: null,
    fusion: 'none',
    classes,
    slice: { fieldUm: 512, sizePx: 256 },
    context: null,
    graph: {
      file: 'model.json',
      sha256: '0'.repeat(64),
      weightsSha256: '0'.repeat(64),
      weightsBytes: 1_500_000,
      dtype: 'float16',
      inputs: { slice: 'slice', context: null, sliceInContext: null },
      outputs: { logits: 'logits', packed: 'packed' },
      contextFeatures: [],
    },
    specimen: { organ: 'colon', stain: 'H&E' },
    parameters: 249_004,
    macs: 2e9,
    macsReusedContext: 2e9,
    golden: { slice: 'slice.bin', context: null, classes: 'classes.bin', agreement: 0.99 },
    provenance: {
      data: 'glands',
      synthetic: false,
      dataLicence: 'CC0-1.0',
      licence: 'Apache-2.0',
      split: 'by patient',
      seed: 1,
      steps: 1,
      date: '2026-01-01',
      codeVersion: '0.1.0',
    },
    metrics: {
      data: 'held-out glands',
      miou: 0.714,
      iou: [0.9, 0.7, 0.6, 0.65],
      accuracy: 0.88,
      score: null,
    },
    intendedUse: 'Tests.',
    ...change,
  };
}

export function testModel(id: string, change: Partial<ModelManifest> = {}): ModelEntry {
  const title = `${id.slice(0, 1).toUpperCase()}${id.slice(1)}`;
  return { id, url: `./models/${id}/`, manifest: testManifest({ id, title, ...change }) };
}

export function testMetadata(change: Partial<SlideMetadata> = {}): SlideMetadata {
  return {
    name: 'case-7.svs',
    format: 'aperio-svs',
    compression: 'JPEG',
    width: 4000,
    height: 2000,
    levels: [
      { width: 4000, height: 2000, downsample: 1, tileWidth: 256, tileHeight: 256 },
      { width: 1000, height: 500, downsample: 4, tileWidth: 256, tileHeight: 256 },
    ],
    mpp: { x: 0.5, y: 0.5, source: 'Aperio MPP' },
    magnification: 20,
    associated: [],
    scanner: null,
    icc: null,
    fileSize: 1_938_955,
    fingerprint: 'case-7',
    revision: 'case-7',
    properties: {},
    ...change,
  };
}

const noTime: StageTimes = {
  readMs: 0,
  decodeMs: 0,
  preprocessMs: 0,
  waitMs: 0,
  encodeMs: 0,
  inferMs: 0,
  stitchMs: 0,
};

export class TestBench {
  readonly workbench: Workbench;
  #slides = 0;

  constructor() {
    completePage();
    window.localStorage.clear();
    this.workbench = new Workbench();
    this.estimates(null);
    this.workbench.engine.tissue = () => Promise.resolve(null);
    this.workbench.stored.use = () => Promise.resolve(null);
  }

  /** Renders children as the page does. */
  readonly Wrapper = ({ children }: { readonly children: React.ReactNode }): React.JSX.Element => (
    <WorkbenchContext value={this.workbench}>{children}</WorkbenchContext>
  );

  #dispatch(action: Action): void {
    this.workbench.store.dispatch(action);
  }

  /** Every answer about what a run would take from now on. */
  estimates(estimate: SegmentEstimate | null): void {
    this.workbench.engine.estimate = () => Promise.resolve(estimate);
  }

  storageUse(runs: number, bytes: number, slides = 1): void {
    this.workbench.stored.use = () => Promise.resolve({ kind: 'files', runs, slides, bytes });
  }

  demos(...demos: readonly DemoSlide[]): this {
    this.#dispatch({ type: 'demos', demos });
    return this;
  }

  models(...models: readonly ModelEntry[]): this {
    this.#dispatch({ type: 'models', models });
    return this;
  }

  openSlide(change: Partial<SlideMetadata> = {}, userMpp: SlideMpp | null = null): this {
    this.#slides += 1;
    const metadata = testMetadata(change);
    const { name } = metadata;
    const choice = { key: name, title: name, input: { kind: 'url', url: `slides/${name}` } } as const;
    this.#dispatch({ type: 'slide-opened', slideId: this.#slides, choice, metadata, userMpp });
    return this;
  }

  /** Opens a slide as the user chose it, with the name of its title. */
  openChoice(choice: SlideChoice): this {
    this.#slides += 1;
    const metadata = testMetadata({ name: choice.title, fingerprint: choice.key });
    this.#dispatch({ type: 'slide-opened', slideId: this.#slides, choice, metadata, userMpp: null });
    return this;
  }

  openingSlide(title: string): this {
    this.#dispatch({ type: 'slide-opening', title });
    return this;
  }

  layer(layer: LayerChoice): this {
    this.#dispatch({ type: 'choose-layer', layer });
    return this;
  }

  model(id: string): this {
    return this.layer({ kind: 'model', id });
  }

  /** A slide, models alpha and beta, alpha chosen, the backend ready. */
  ready(): this {
    this.models(testModel('alpha'), testModel('beta')).openSlide().model('alpha');
    const report = { name: 'wasm', device: '2 threads, SIMD', reason: 'No graphics adapter.' } as const;
    this.#dispatch({ type: 'backend-ready', report });
    return this;
  }

  backendStarting(): this {
    this.#dispatch({ type: 'backend-starting' });
    return this;
  }

  backendFailed(problem: string, remedy: string): this {
    this.#dispatch({ type: 'backend-failed', error: { code: 'backend', file: '', problem, remedy } });
    return this;
  }

  overlay(change: Partial<OverlaySettings>): this {
    this.#dispatch({ type: 'overlay', change });
    return this;
  }

  preferences(change: Partial<Preferences>): this {
    this.#dispatch({ type: 'preferences', change });
    return this;
  }

  panes(count: 1 | 2 | 4): this {
    this.#dispatch({ type: 'layout', count });
    return this;
  }

  drawnArea(): this {
    const area = [
      [0, 0],
      [1000, 0],
      [1000, 1000],
    ] as const;
    this.#dispatch({ type: 'area', area });
    return this;
  }

  speed(modelId: string, slicesPerSecond: number): this {
    this.#dispatch({ type: 'speeds', speeds: { [modelId]: slicesPerSecond } });
    return this;
  }

  log(level: LogEntry['level'], change: Partial<LogEntry> = {}): this {
    const entry = { time: 0, level, subject: '', problem: '', remedy: '', commandId: null, ...change };
    this.#dispatch({ type: 'log', entry });
    return this;
  }

  dialog(dialog: 'palette' | 'delete-results' | null): this {
    this.#dispatch({ type: 'dialog', dialog });
    return this;
  }

  isDialogOpen(): boolean {
    return this.workbench.store.getState().dialog !== null;
  }

  /** Finished slices of a model on the open slide, 1000 level-0 pixels a side, of one class each, in a row. */
  slices(modelId: string, ...classes: readonly number[]): this {
    const content = this.workbench.resolveLayer({ kind: 'model', id: modelId });
    if (content === null) throw new Error('Open a slide and give models first.');
    classes.forEach((value, column) => {
      const cell: Cell = {
        column,
        row: 0,
        rect: { x: column * 1000, y: 0, width: 1000, height: 1000 },
        size: 4,
        classes: new Uint8Array(16).fill(value),
        confidence: new Uint8Array(16).fill(200),
      };
      content.map.add(cell, testMetadata());
    });
    return this;
  }

  startRun(...modelIds: readonly string[]): this {
    for (const modelId of modelIds) this.#dispatch({ type: 'run-started', modelId, extent: 'whole' });
    return this;
  }

  runEvent(modelId: string, event: SegmentEvent): this {
    this.#dispatch({ type: 'run-event', modelId, event });
    return this;
  }

  pauseRun(): this {
    this.#dispatch({ type: 'run-paused', paused: true });
    return this;
  }

  cancelRun(): this {
    this.#dispatch({ type: 'run-cancelling' });
    return this;
  }

  endRun(modelId: string, change: Partial<SegmentSummary> = {}): this {
    const summary: SegmentSummary = {
      slices: 0,
      restored: 0,
      recoveries: 0,
      skipped: 0,
      broken: 0,
      regionsEncoded: 0,
      seconds: 0,
      cancelled: false,
      stages: noTime,
      memory: null,
      ...change,
    };
    this.#dispatch({ type: 'run-ended', modelId, summary });
    return this;
  }
}

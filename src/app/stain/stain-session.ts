/** Separates the stains of the open slide: what panes show of them, and what is measured. */
import { createStore } from 'zustand/vanilla';
import { isAbort } from '../../base/abort.ts';
import type { StainIndex, StainSeparation } from '../../stain/deconvolve.ts';
import type { StainLook } from '../../stain/stain-view.ts';
import type { StainSet } from '../../stain/stain-vectors.ts';
import type { SlideArea } from '../../segment/area.ts';
import {
  checkThresholds,
  defaultFullScale,
  defaultThresholds,
  ordered,
  parseStains,
  stainPresets,
  stainText,
} from '../../worker/stain-client.ts';
import type { StainSource } from '../../worker/stain-protocol.ts';
import { reportOf } from '../session/error-log.ts';
import type { WorkbenchParts } from '../session/workbench-parts.ts';
import { browserStorage } from '../state/browser-storage.ts';
import { currentMpp } from '../state/state.ts';
import type { OpenSlide } from '../state/state.ts';
import { recallStains, rememberStains } from './stain-memory.ts';
import { isReady, scopeTitles } from './stain-state.ts';
import type { StainChoice, StainRow, StainScope, StainState } from './stain-state.ts';

const initial: StainState = {
  slideId: null,
  choice: 'off',
  separation: null,
  drawn: [null, null],
  shown: {},
  inColour: false,
  looks: {},
  measured: 1,
  thresholds: defaultThresholds,
  rows: [],
  busy: null,
  problem: null,
};

type Parts = Pick<WorkbenchParts, 'store' | 'slides' | 'engine' | 'activeView'>;

export class StainSession {
  readonly state = createStore<StainState>()(() => initial);
  readonly #parts: Parts;
  /** Ends what is being computed. */
  #work: AbortController | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.store.subscribe(
      ({ slide }) => slide?.slideId ?? null,
      () => this.#opened(),
    );
    // Pixels that were measured have another size now.
    parts.store.subscribe(
      ({ slide }) => currentMpp(slide)?.x ?? null,
      () => this.state.setState({ rows: [] }),
    );
  }

  /** Chooses what the slide's colours are separated by. */
  async choose(choice: StainChoice): Promise<void> {
    this.#stop();
    this.#set({ choice, separation: null, drawn: [null, null], rows: [], shown: {}, problem: null });
    if (choice === 'off') return this.#save();
    await this.#compute('Reading the white of the glass…', async (slide, source, signal) => {
      const { client } = this.#parts.slides;
      const white = await client.stainWhite(slide.slideId, source, signal);
      if (choice === 'areas') {
        // Their white is needed first; the presets are shown until both areas are known.
        this.#set({ separation: { stains: stainPresets.hdab, white } });
        return;
      }
      const stains =
        choice === 'estimated'
          ? await client.estimateStains(slide.slideId, source, white, signal)
          : stainPresets[choice];
      if (!signal.aborted) this.#separate({ stains, white });
    });
  }

  /** Takes a stain, 0 or 1, from the selected annotation; the white of the glass first, if that is not known yet. */
  async takeFrom(index: 0 | 1): Promise<void> {
    const area = this.#areaOf('annotation');
    if (area === null) return;
    await this.#compute('Reading the annotation…', async (slide, source, signal) => {
      const { client } = this.#parts.slides;
      const known = this.state.getState().separation;
      const white = known?.white ?? (await client.stainWhite(slide.slideId, source, signal));
      const separation = known ?? { stains: stainPresets.hdab, white };
      const vector = await client.stainOfArea(slide.slideId, source, white, area, signal);
      if (signal.aborted) return;
      const { drawn } = this.state.getState();
      const next = index === 0 ? ([vector, drawn[1]] as const) : ([drawn[0], vector] as const);
      this.#set({ drawn: next, separation });
      const [first, second] = next;
      if (first === null || second === null) return;
      // Refuses two that are alike; the order is the user's.
      ordered(first, second);
      this.#separate({ ...separation, stains: { kind: 'own', first, second } });
    });
  }

  /** Shows a stain in a pane; null for the slide's colours. */
  show(paneId: string, stain: StainIndex | null): void {
    const { [paneId]: _before, ...others } = this.state.getState().shown;
    this.#set({ shown: stain === null ? others : { ...others, [paneId]: stain } });
  }

  showInColour(inColour: boolean): void {
    this.#set({ inColour });
  }

  measureStain(measured: 0 | 1): void {
    this.#set({ measured, rows: [] });
    this.#save();
  }

  /** @returns the problem of thresholds that can't be; null once they are set. */
  setThresholds(values: readonly number[]): string | null {
    try {
      this.#set({ thresholds: checkThresholds(values) });
      this.#save();
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Measures the chosen stain on the tissue of an area; replaces what was measured of the same kind of area. */
  async measure(scope: StainScope): Promise<void> {
    const area = this.#areaOf(scope);
    const { separation, measured } = this.state.getState();
    if (area === null || separation === null) return;
    await this.#compute(`Measuring: ${scopeTitles[scope].toLowerCase()}…`, async (slide, source, signal) => {
      const { client } = this.#parts.slides;
      const result = await client.measureStain(slide.slideId, source, separation, measured, area, signal);
      if (signal.aborted) return;
      const row: StainRow = { ...result, scope, title: scopeTitles[scope], area };
      const order = Object.keys(scopeTitles);
      const others = this.state.getState().rows.filter((each) => each.scope !== scope);
      const rows = [...others, row].sort((a, b) => order.indexOf(a.scope) - order.indexOf(b.scope));
      this.#set({ rows });
    });
  }

  /** Stops what is being computed. */
  stop(): void {
    this.#stop();
  }

  /** The area of a scope, level-0 pixels; null where there is none. */
  #areaOf(scope: StainScope): SlideArea | null {
    const { slide } = this.#parts.store.getState();
    if (slide === null) return null;
    if (scope === 'slide') return { kind: 'slide' };
    if (scope === 'view') {
      const rect = this.#parts.activeView()?.visibleArea() ?? null;
      return rect === null ? null : { kind: 'rect', rect };
    }
    const { annotations, selected } = slide.annotate;
    const found = annotations.find(({ id }) => id === selected);
    return found === undefined
      ? null
      : { kind: 'polygons', polygons: [{ outer: found.outer, holes: found.holes }] };
  }

  async #compute(
    busy: string,
    work: (slide: OpenSlide, source: StainSource, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    this.#stop();
    const { slide } = this.#parts.store.getState();
    const mpp = currentMpp(slide);
    if (slide === null || mpp === null) return;
    const controller = new AbortController();
    this.#work = controller;
    this.#set({ busy, problem: null });
    try {
      const tissue = await this.#parts.engine.tissue();
      if (controller.signal.aborted) return;
      await work(slide, { mpp: { x: mpp.x, y: mpp.y }, tissue }, controller.signal);
    } catch (error) {
      if (isAbort(error) || controller.signal.aborted) return;
      const { problem, remedy } = reportOf(error, slide.metadata.name);
      this.#set({ problem: `${problem} ${remedy}` });
    } finally {
      if (this.#work === controller) {
        this.#work = null;
        this.#set({ busy: null });
      }
    }
  }

  #stop(): void {
    this.#work?.abort();
    this.#work = null;
    if (this.state.getState().busy !== null) this.#set({ busy: null });
  }

  #separate(separation: StainSeparation): void {
    this.#set({ separation, rows: [] });
    this.#save();
  }

  /** Changes the state, and the looks that follow from it. */
  #set(change: Partial<StainState>): void {
    this.state.setState((before) => {
      const next = { ...before, ...change };
      const isSame =
        next.separation === before.separation &&
        next.shown === before.shown &&
        next.inColour === before.inColour;
      return isSame ? next : { ...next, looks: looksOf(next) };
    });
  }

  /** Another slide is open, or none: what is saved of it comes back. */
  #opened(): void {
    this.#stop();
    const { slide } = this.#parts.store.getState();
    this.state.setState({ ...initial, slideId: slide?.slideId ?? null }, true);
    if (slide === null || slide.metadata.channels !== undefined) return;
    const record = recallStains(browserStorage(), slide.metadata.fingerprint);
    if (record === null) return;
    try {
      const stains: StainSet = parseStains(record.stains);
      const thresholds = checkThresholds(record.thresholds);
      const drawn = record.choice === 'areas' ? ([stains.first, stains.second] as const) : initial.drawn;
      const separation = { stains, white: record.white };
      this.#set({ choice: record.choice, separation, drawn, measured: record.measured, thresholds });
    } catch {
      // Saved by another version: the user chooses again.
    }
  }

  #save(): void {
    const { slide } = this.#parts.store.getState();
    const state = this.state.getState();
    const { choice, separation, measured, thresholds } = state;
    if (slide === null || (choice !== 'off' && !isReady(state))) return;
    const record =
      choice === 'off' || separation === null
        ? null
        : {
            choice,
            stains: stainText(separation.stains),
            white: [...separation.white] as [number, number, number],
            measured,
            thresholds: [...thresholds] as [number, number, number],
          };
    rememberStains(browserStorage(), slide.metadata.fingerprint, record);
  }
}

function looksOf({ separation, shown, inColour }: StainState): Record<string, StainLook> {
  if (separation === null) return {};
  const paint = { look: inColour ? 'colour' : 'grey', fullScale: defaultFullScale } as const;
  return Object.fromEntries(
    Object.entries(shown).map(([paneId, stain]) => [paneId, { separation, stain, paint }]),
  );
}

/** Opens slides, one at a time: the latest request wins, and a failure leaves the current slide open. */
import { WorkerError, type ErrorReport } from '../../base/error-report.ts';
import type { Level0Rect, SlideMetadata } from '../../slide/slide.ts';
import { BearerTokens, overviewSize } from '../../worker/slide-client.ts';
import { absoluteUrl, titleOfInput, type ChosenFile, type SlideInput } from '../../worker/protocol.ts';
import type { SlideClient } from '../../worker/slide-client.ts';
import { recallSpecimens, rememberSpecimens, specimenOf, unknownSpecimen } from '../models/specimen.ts';
import type { Specimen } from '../models/specimen.ts';
import { browserStorage } from '../state/browser-storage.ts';
import { channelViewOf } from '../state/state.ts';
import type { OverviewState, SlideChoice } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { ChannelSession, type WantedChannels } from './channel-session.ts';
import { logEntry, reportOf } from './error-log.ts';
import { isAbort } from '../../base/abort.ts';
import { groupSlideFiles } from './group-slide-files.ts';
import { recallMpp, rememberMpp, userMpp } from './user-mpp.ts';

/** Milliseconds that the view may move before the worker hears of it. */
const viewMs = 300;

/** A slide whose server asks for a bearer token, and what it said. */
export interface AwaitedToken {
  readonly choice: SlideChoice;
  readonly report: ErrorReport;
}

export class SlideSession {
  readonly #store: AppStore;
  readonly #client: SlideClient;
  #opening: AbortController | null = null;
  /** Ends the reading of the current slide's overview. */
  #overview: AbortController | null = null;
  #viewTimer: ReturnType<typeof setTimeout> | null = null;
  readonly #overviewListeners = new Set<() => void>();
  readonly channels: ChannelSession;
  /** Number of broken tiles of the current slide. Only the first is reported. */
  #brokenTiles = 0;

  readonly #tokens: BearerTokens;
  readonly #shown: (slideId: number) => Promise<void>;
  #awaitingToken: AwaitedToken | null = null;

  /**
   * @param wanted the channels in the page's URL
   * @param tokens for the servers of slides; the client sends them
   * @param shown resolves when the slide's first view is on the screen
   */
  constructor(
    store: AppStore,
    client: SlideClient,
    wanted: WantedChannels | null = null,
    tokens = new BearerTokens(),
    shown: (slideId: number) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#store = store;
    this.#client = client;
    this.#tokens = tokens;
    this.#shown = shown;
    // The user has closed the question without an answer.
    store.subscribe(
      ({ dialog }) => dialog === 'token',
      (asking) => {
        const awaited = this.#awaitingToken;
        if (asking || awaited === null) return;
        this.#awaitingToken = null;
        this.#store.dispatch({ type: 'log', entry: logEntry('error', awaited.report, null) });
      },
    );
    this.channels = new ChannelSession(store, wanted, () => {
      const { slide } = store.getState();
      if (slide !== null) void this.#buildOverview(slide.slideId, slide.metadata);
    });
    store.dispatch({ type: 'specimens', specimens: recallSpecimens(browserStorage()) });
  }

  get client(): SlideClient {
    return this.#client;
  }

  /** The slide that opens once the user has entered a bearer token for its server; null if none was asked for. */
  get awaitingToken(): AwaitedToken | null {
    return this.#awaitingToken;
  }

  /** Opens the awaited slide with a token. @returns whether the text can be one; otherwise nothing happens. */
  giveToken({ choice }: AwaitedToken, text: string): boolean {
    if (choice.input.kind !== 'url' || !this.#tokens.keep(absoluteUrl(choice.input.url), text)) return false;
    this.#awaitingToken = null;
    this.#store.dispatch({ type: 'dialog', dialog: null });
    void this.open(choice);
    return true;
  }

  /** Asks for a token; the dialog reads `awaitingToken`. */
  #askForToken(choice: SlideChoice, report: ErrorReport): void {
    if (this.#store.getState().dialog === 'token') return;
    this.#awaitingToken = { choice, report };
    this.#store.dispatch({ type: 'dialog', dialog: 'token' });
  }

  /** Replaces the current slide. If opening fails, the current slide stays. */
  async open(choice: SlideChoice): Promise<void> {
    this.#opening?.abort();
    const controller = new AbortController();
    this.#opening = controller;
    this.#store.dispatch({ type: 'slide-opening', title: choice.title });
    try {
      const { slideId, metadata } = await this.#client.open(choice.input, controller.signal);
      if (controller.signal.aborted) {
        void this.#client.close(slideId);
        return;
      }
      this.#brokenTiles = 0;
      const before = this.#store.getState().slide;
      const known = recallMpp(browserStorage(), metadata.fingerprint);
      const channels = this.channels.initialView(choice, metadata);
      this.#store.dispatch({ type: 'slide-opened', slideId, choice, metadata, userMpp: known, channels });
      if (before !== null) void this.#client.close(before.slideId);
      void Promise.all([this.#buildOverview(slideId, metadata), this.#shown(slideId)]).then(() =>
        this.#findBackground(slideId),
      );
    } catch (error) {
      // Aborted: the user has opened another slide or closed this one.
      if (controller.signal.aborted) return;
      this.#store.dispatch({ type: 'slide-opening', title: null });
      if (isAbort(error)) return;
      const report = reportOf(error, choice.title);
      if (report.code === 'sign-in') return this.#askForToken(choice, report);
      this.#store.dispatch({ type: 'log', entry: logEntry('error', report, 'slide.open') });
    } finally {
      if (this.#opening === controller) this.#opening = null;
    }
  }

  /** Calls `listener` when the overview of the open slide shows more. @returns a function that stops this */
  readonly onOverview = (listener: () => void): (() => void) => {
    this.#overviewListeners.add(listener);
    return () => this.#overviewListeners.delete(listener);
  };

  /** What is on the screen, level-0 pixels: the overview shows it first. */
  viewMoved(area: () => Level0Rect | null): void {
    if (this.#viewTimer !== null || this.#store.getState().slide?.overview?.kind !== 'building') return;
    this.#viewTimer = setTimeout(() => {
      this.#viewTimer = null;
      const { slide } = this.#store.getState();
      if (slide !== null) this.#client.setView(slide.slideId, area()).catch(() => undefined);
    }, viewMs);
  }

  /** Reads the overview of a slide without small levels, and says so. */
  async #buildOverview(slideId: number, metadata: SlideMetadata): Promise<void> {
    this.#overview?.abort();
    this.#overview = null;
    const size = overviewSize(metadata.levels);
    if (size === null) return;
    const controller = new AbortController();
    this.#overview = controller;
    const { tiles } = size;
    const show = (overview: OverviewState | null): void =>
      this.#store.dispatch({ type: 'overview', slideId, overview });
    let total = tiles;
    show({ kind: 'building', share: 0 });
    try {
      await this.#client.buildOverview(
        slideId,
        channelViewOf(this.#store.getState()),
        (report) => {
          if (controller.signal.aborted) return;
          total = report.total;
          show({ kind: 'building', share: report.done / report.total });
          if (report.problem !== null) this.onTileError(new WorkerError(report.problem));
          for (const listener of [...this.#overviewListeners]) listener();
        },
        controller.signal,
      );
      show(total < tiles ? { kind: 'sampled' } : null);
    } catch (error) {
      if (controller.signal.aborted) return;
      show({ kind: 'stopped' });
      this.#store.dispatch({
        type: 'log',
        entry: logEntry('error', reportOf(error, metadata.name), 'slide.reload'),
      });
    }
  }

  /** Looks at a slide that states no stain, once it is on the screen. A slide that can't be read says so elsewhere. */
  async #findBackground(slideId: number): Promise<void> {
    const state = this.#store.getState();
    if (state.slide?.slideId !== slideId || specimenOf(state.slide.metadata).stain !== null) return;
    const dark = await this.#client.hasDarkBackground(slideId).catch(() => null);
    this.#store.dispatch({ type: 'dark-background', slideId, dark });
  }

  openUrl(url: string, title = titleOfInput({ kind: 'url', url })): Promise<void> {
    return this.open({ key: `url:${url}`, title, input: { kind: 'url', url } });
  }

  /** Opens the first slide in `files` and adds the others to the slide list. */
  async openFiles(files: readonly ChosenFile[]): Promise<void> {
    const choices = (await groupSlideFiles(files)).map(({ title, files: group }) => ({
      key: `file:${title}:${group.map(({ file }) => `${file.size}-${file.lastModified}`).join()}`,
      title,
      input: { kind: 'file', files: group } satisfies SlideInput,
    }));
    const [first] = choices;
    if (first === undefined) {
      this.#store.dispatch({ type: 'log', entry: logEntry('error', noSlide(files), 'slide.open-folder') });
      return;
    }
    if (choices.length > 1) this.#store.dispatch({ type: 'offer-slides', choices });
    await this.open(first);
  }

  close(): void {
    this.#opening?.abort();
    this.#overview?.abort();
    const { slide } = this.#store.getState();
    this.#store.dispatch({ type: 'slide-closed' });
    if (slide !== null) void this.#client.close(slide.slideId);
  }

  /**
   * Sets the resolution of the open slide and saves it for the next visit.
   * @param umPerPx null restores the file's own
   */
  setMpp(umPerPx: number | null): void {
    if (this.#store.getState().slide === null) return;
    this.#store.dispatch({ type: 'user-mpp', mpp: umPerPx === null ? null : userMpp(umPerPx) });
    this.#rememberMpp();
  }

  /** Sets organ or stain of the open slide and saves it for the next visit. */
  setSpecimen(change: Partial<Specimen>): void {
    const { slide, specimens } = this.#store.getState();
    if (slide === null) return;
    const { fingerprint } = slide.metadata;
    const next = {
      ...specimens,
      [fingerprint]: { ...unknownSpecimen, ...specimens[fingerprint], ...change },
    };
    this.#store.dispatch({ type: 'specimens', specimens: next });
    rememberSpecimens(browserStorage(), next);
  }

  /** Undoes the last change of the resolution. */
  undoMpp(): void {
    this.#store.dispatch({ type: 'undo-mpp' });
    this.#rememberMpp();
  }

  #rememberMpp(): void {
    const { slide } = this.#store.getState();
    if (slide === null) return;
    rememberMpp(browserStorage(), slide.metadata.fingerprint, slide.userMpp?.x ?? null);
  }

  readonly onTileError = (error: unknown): void => {
    if (isAbort(error)) return;
    this.#brokenTiles++;
    if (this.#brokenTiles > 1) return;
    const { slide } = this.#store.getState();
    const report = reportOf(error, slide?.metadata.name ?? '');
    // The token has expired.
    if (report.code === 'sign-in' && slide !== null) return this.#askForToken(slide.choice, report);
    this.#store.dispatch({ type: 'log', entry: logEntry('warning', report, 'slide.reload') });
  };

  /** Reports the next broken tile again. */
  forgetTileErrors(): void {
    this.#brokenTiles = 0;
  }
}

const noSlide = (files: readonly ChosenFile[]): ErrorReport => ({
  code: 'not-a-slide',
  file: files[0]?.path.split('/')[0] ?? '',
  problem: 'The folder holds no slide.',
  remedy: 'Open the folder that holds the files of a slide.',
});

/** Saves and restores session files. The slide is recognised by its content. */
import { rememberLabels } from '../annotate/label-memory.ts';
import type { ErrorReport } from '../../base/error-report.ts';
import { logEntry } from '../session/error-log.ts';
import type { WorkbenchParts } from '../session/workbench-parts.ts';
import { browserStorage } from '../state/browser-storage.ts';
import { parseLayer } from '../state/state.ts';
import type { PaneCount } from '../state/state.ts';
import type { ViewPlace } from '../navigate/view-address.ts';
import { fileStem } from '../../base/file-name.ts';
import { download } from './export-files.ts';
import {
  overlayOf,
  parseSession,
  sessionFormat,
  sessionText,
  slideAddress,
  truthOf,
} from './session-file.ts';
import type { SessionFile } from './session-file.ts';

interface OpenedSession extends SessionFile {
  /** Name of the session file. */
  readonly file: string;
  /** As in `ParsedSession`. */
  readonly leftOut: readonly string[];
}

export class SessionFiles {
  readonly #workbench: WorkbenchParts;
  /** The session that waits for its slide. */
  #wanted: OpenedSession | null = null;

  constructor(workbench: WorkbenchParts) {
    this.#workbench = workbench;
    const { store } = workbench;
    store.subscribe(
      ({ slide }) => slide?.slideId,
      () => {
        if (this.#wanted !== null) void this.#slideOpened(this.#wanted);
      },
    );
  }

  /** The session that waits for its slide; null if there is none. */
  get wanted(): SessionFile | null {
    return this.#wanted;
  }

  save(): void {
    const { store, annotations } = this.#workbench;
    const state = store.getState();
    const places = new Map<string, ViewPlace>();
    for (const { id } of state.panes) {
      const place = this.#workbench.view(id)?.place() ?? null;
      if (place !== null) places.set(id, place);
    }
    const text = sessionText(state, { places, truth: annotations.keptTruth() });
    if (text === null || state.slide === null) return;
    const name = `${fileStem(state.slide.metadata.name)}.dualscope.json`;
    download(new Blob([text], { type: 'application/json' }), name);
  }

  /** Whether a file claims to be a session. */
  async isSession(file: File): Promise<boolean> {
    const head = await file.slice(0, 200).text();
    return head.includes(`"${sessionFormat}"`);
  }

  /** Restores a session, or asks for its slide first. */
  async open(file: File): Promise<void> {
    const parsed = parseSession(await file.text());
    if (parsed === null) {
      this.#fail(
        file.name,
        'The session file is damaged or from another version.',
        'Save the session again.',
      );
      return;
    }
    const { store, slides } = this.#workbench;
    const session: OpenedSession = { ...parsed.session, leftOut: parsed.leftOut, file: file.name };
    const { slide } = store.getState();
    if (slide !== null && slide.metadata.fingerprint === session.slide.fingerprint) {
      await this.#apply(session);
      return;
    }
    this.#wanted = session;
    const { url } = session.slide;
    // Only URLs of this origin are opened; for others the user chooses a file.
    if (url !== null && new URL(url, document.baseURI).origin === window.location.origin) {
      await slides.openUrl(url);
      return;
    }
    if (parsed.leftOut.includes(slideAddress)) {
      const problem = 'The session does not say where its slide is: the address in it is not a valid URL.';
      this.#fail(file.name, problem, 'Choose the slide’s file.');
    }
    store.dispatch({ type: 'dialog', dialog: 'session' });
  }

  /** Stops waiting for the slide. */
  forget(): void {
    this.#wanted = null;
  }

  async #slideOpened(session: OpenedSession): Promise<void> {
    const { slide } = this.#workbench.store.getState();
    if (slide === null) return;
    if (slide.metadata.fingerprint !== session.slide.fingerprint) {
      const problem = `This is not the session’s slide, "${session.slide.name}".`;
      this.#fail(slide.metadata.name, problem, 'Open that slide to restore the session.');
      return;
    }
    this.#wanted = null;
    await this.#apply(session);
  }

  async #apply({ leftOut, file, ...session }: OpenedSession): Promise<void> {
    const { store, annotations, slides } = this.#workbench;
    await annotations.ready();
    store.dispatch({ type: 'dialog', dialog: null });
    if (session.settings !== null) store.dispatch({ type: 'preferences', change: session.settings });
    if (session.slide.mpp !== null) slides.setMpp(session.slide.mpp);
    slides.channels.restore(session.slide.channels);
    const count: PaneCount = session.panes.length > 2 ? 4 : session.panes.length === 2 ? 2 : 1;
    store.dispatch({ type: 'layout', count });
    for (const pane of session.panes) {
      if (!store.getState().panes.some(({ id }) => id === pane.id)) continue;
      store.dispatch({ type: 'activate-pane', paneId: pane.id });
      store.dispatch({ type: 'choose-layer', layer: parseLayer(pane.layer) });
      store.dispatch({ type: 'overlay', change: overlayOf(pane) });
    }
    if (store.getState().panes.some(({ id }) => id === session.activePane)) {
      store.dispatch({ type: 'activate-pane', paneId: session.activePane });
    }
    store.dispatch({ type: 'link', link: session.link });
    store.dispatch({
      type: 'compare',
      change: { ...session.compare, second: parseLayer(session.compare.second) },
    });
    const truth = truthOf(session);
    if (truth !== null) rememberLabels(browserStorage(), truth.labels);
    annotations.restore(session.annotations, truth);
    if (leftOut.length > 0) {
      store.dispatch({ type: 'log', entry: logEntry('warning', leftOutReport(file, leftOut), null) });
    }
    this.#showPlaces(session);
  }

  /**
   * New panes have no view until the next render, and a viewer fits the slide to its pane again some frames after
   * it opens. So the positions are set several times within half a second.
   */
  #showPlaces(session: SessionFile, times = 5): void {
    for (const { id, view: place } of session.panes) {
      if (place !== null) this.#workbench.view(id)?.visit(place);
    }
    if (times > 1) window.setTimeout(() => this.#showPlaces(session, times - 1), 120);
  }

  #fail(file: string, problem: string, remedy: string): void {
    const report = { code: 'session', file, problem, remedy };
    this.#workbench.store.dispatch({ type: 'log', entry: logEntry('error', report, 'slide.open') });
  }
}

function leftOutReport(file: string, leftOut: readonly string[]): ErrorReport {
  const shown = leftOut.slice(0, 3).join(', ');
  const more = leftOut.length > 3 ? ` and ${leftOut.length - 3} more` : '';
  return {
    code: 'session',
    file,
    problem: `The session was opened without what can't be read: ${shown}${more}.`,
    remedy: 'Check the result, and save the session again.',
  };
}

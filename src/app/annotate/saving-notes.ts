/** What the page says of saved annotations that can't be read or written, until it works again. */
import type { ErrorReport } from '../../base/error-report.ts';
import { logEntry } from '../session/error-log.ts';
import { annotateOf, type OpenSlide } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import type { Saving } from './annotate-state.ts';

const retryCommand = 'annotate.retry';

export class SavingNotes {
  readonly #store: AppStore;
  /** Why writing fails; null while it works. */
  #failing: string | null = null;

  constructor(store: AppStore) {
    this.#store = store;
  }

  /** Says that writing fails, or works again. @param reason null where it works. */
  writing(reason: string | null, slideIsLoaded: boolean): void {
    this.#failing = reason;
    if (slideIsLoaded) this.showWriting();
    if (reason === null) this.#problemOver(writtenReport);
    else this.#warn(unwrittenReport(reason));
  }

  /** Shows whether the open slide's annotations are being saved. */
  showWriting(): void {
    this.#show(this.#failing === null ? { kind: 'saved' } : { kind: 'failing', reason: this.#failing });
  }

  /** Says that what is saved of a slide can't be read. */
  unread({ metadata }: OpenSlide, reason: string): void {
    this.#show({ kind: 'unread', reason });
    this.#warn(unreadReport(metadata.name, reason));
  }

  /** Says that it has been read after all. */
  read({ metadata }: OpenSlide): void {
    this.#problemOver(readReport(metadata.name));
  }

  /** Whether there are annotations or bookmarks that could not be saved because earlier ones can't be read. */
  get hasUnreadRest(): boolean {
    const state = this.#store.getState();
    const { annotations, saving } = annotateOf(state);
    return (
      saving.kind === 'unread' &&
      annotations.length + (state.slide?.bookmarks.length ?? 0) + (state.slide?.corrections.length ?? 0) > 0
    );
  }

  #show(saving: Saving): void {
    this.#store.dispatch({ type: 'annotate', action: { kind: 'saving', saving } });
  }

  #warn(report: ErrorReport): void {
    this.#store.dispatch({ type: 'log', entry: logEntry('warning', report, retryCommand) });
  }

  #problemOver(report: ErrorReport): void {
    this.#store.dispatch({ type: 'log', entry: logEntry('info', report, null) });
    if (this.#store.getState().notice?.commandId === retryCommand) {
      this.#store.dispatch({ type: 'dismiss-notice' });
    }
  }
}

function unwrittenReport(reason: string): ErrorReport {
  return {
    code: 'storage-annotations',
    file: '',
    problem: `Annotations and bookmarks can't be saved. ${reason}`,
    remedy: 'Dualscope keeps trying. Free disk space, or export them before you close the page.',
  };
}

const writtenReport: ErrorReport = {
  code: 'storage-annotations',
  file: '',
  problem: 'Annotations and bookmarks are being saved again.',
  remedy: '',
};

function readReport(file: string): ErrorReport {
  return {
    code: 'storage-annotations',
    file,
    problem: 'Saved annotations and bookmarks were read.',
    remedy: '',
  };
}

function unreadReport(file: string, reason: string): ErrorReport {
  return {
    code: 'storage-annotations',
    file,
    problem: `Saved annotations and bookmarks can't be read. ${reason}`,
    remedy:
      'They are left as they are, and new ones are not saved. Export new annotations before you close the page.',
  };
}

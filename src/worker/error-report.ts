/** How an error crosses a thread: as the report that the page shows, never as a lost stack. */
import { AnnotationError } from '../annotation/annotation-file.ts';
import { ModelError } from '../runtime/manifest.ts';
import { SlideError } from '../slide/slide.ts';
import type { ErrorReport } from './protocol.ts';

/** An error of the other thread, with what the user needs to know. `message` reads as one line. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  constructor(readonly report: ErrorReport) {
    super(
      [report.file === '' ? '' : `${report.file}:`, report.problem, report.remedy]
        .filter((part) => part !== '')
        .join(' '),
    );
  }
}

/**
 * The report of any thrown value. An error that is not one of ours gets the code `internal`: it is a fault
 * of the program, and its message is kept so that it can be reported.
 */
export function toErrorReport(error: unknown): ErrorReport {
  if (error instanceof SlideError || error instanceof ModelError) {
    return { code: error.code, file: error.file, problem: error.problem, remedy: error.remedy };
  }
  if (error instanceof AnnotationError) {
    return { code: 'annotations', file: error.file, problem: error.problem, remedy: error.remedy };
  }
  if (error instanceof WorkerError) return error.report;
  return {
    code: 'internal',
    file: '',
    problem: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    remedy: 'This is a fault of Dualscope; please report it.',
  };
}

/** Whether a thrown value says that its work was called off, rather than that it failed. */
export function isAbort(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError';
}

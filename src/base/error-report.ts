/** How an error crosses a thread: as the report that the page or the command line shows, never as a lost stack. */

/** What went wrong and what to do about it; structured-cloneable. */
export interface ErrorReport {
  readonly code: string;
  /** The file concerned; empty when there is none. */
  readonly file: string;
  /** What is wrong, a sentence without the file's name. */
  readonly problem: string;
  /** What to do about it, a sentence. */
  readonly remedy: string;
}

/** An error of the other thread, with what the user needs to know. `message` is one line. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  readonly report: ErrorReport;

  constructor(report: ErrorReport) {
    super(
      [report.file === '' ? '' : `${report.file}:`, report.problem, report.remedy]
        .filter((part) => part !== '')
        .join(' '),
    );
    this.report = report;
  }
}

/**
 * The report of any thrown value. SlideError, ModelError and AnnotationError carry the four fields themselves. Any other
 * error gets the code `internal`: it is a bug, and its message is kept so that it can be reported.
 */
export function toErrorReport(error: unknown): ErrorReport {
  if (error instanceof WorkerError) return error.report;
  if (error instanceof Error && isReport(error)) {
    return { code: error.code, file: error.file, problem: error.problem, remedy: error.remedy };
  }
  return {
    code: 'internal',
    file: '',
    problem: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    remedy: 'This is a bug in Dualscope; please report it.',
  };
}

function isReport(error: object): error is ErrorReport {
  return (['code', 'file', 'problem', 'remedy'] as const).every(
    (field) => field in error && typeof (error as Record<string, unknown>)[field] === 'string',
  );
}

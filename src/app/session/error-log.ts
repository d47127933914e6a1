/** Turns what went wrong into an entry of the log, which also shows in the status bar. */
import type { ErrorReport } from '../../worker/protocol.ts';
import { WorkerError } from '../../worker/slide-client.ts';
import type { LogEntry, LogLevel } from '../state/state.ts';

/** Whether a thrown value says that its work was called off, rather than that it failed. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** What to tell of a thrown value. */
export function reportOf(error: unknown, subject: string): ErrorReport {
  if (error instanceof WorkerError) {
    return { ...error.report, file: error.report.file === '' ? subject : error.report.file };
  }
  return {
    code: 'internal',
    file: subject,
    problem: error instanceof Error ? error.message : String(error),
    remedy: 'Reload the page; if it happens again, report it.',
  };
}

export function logEntry(
  level: LogLevel,
  report: ErrorReport,
  commandId: string | null,
): Omit<LogEntry, 'id'> {
  return {
    time: Date.now(),
    level,
    subject: report.file,
    problem: report.problem,
    remedy: report.remedy,
    commandId,
  };
}

/** Turns what went wrong into an entry of the log, which also shows in the status bar. */
import type { ErrorReport } from '../../base/error-report.ts';
import { WorkerError } from '../../worker/slide-client.ts';
import type { LogEntry, LogLevel } from '../state/state.ts';

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

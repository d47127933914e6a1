/** Turns errors into log entries, which the status bar also shows. */
import { WorkerError } from '../../base/error-report.ts';
import type { ErrorReport } from '../../base/error-report.ts';
import type { LogEntry, LogLevel } from '../state/state.ts';

/** @param subject file or model that the error is about, unless the error names one */
export function reportOf(error: unknown, subject: string): ErrorReport {
  if (error instanceof WorkerError) {
    return { ...error.report, file: error.report.file === '' ? subject : error.report.file };
  }
  return {
    code: 'internal',
    file: subject,
    problem: error instanceof Error ? error.message : String(error),
    remedy: 'Reload the page. If it happens again, report it.',
  };
}

/** @param commandId a command that helps, or null */
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

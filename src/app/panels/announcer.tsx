/** Tells screen readers how a run goes: its start, every quarter, its end, and errors. */
import { formatDuration } from '../format.ts';
import { wholeProgress } from '../state/run-state.ts';
import type { AppState } from '../state/state.ts';
import { useApp } from '../workbench-context.ts';

export function Announcer(): React.JSX.Element {
  const progress = useApp(progressMessage);
  const error = useApp((state) => state.notice);
  return (
    <>
      <div className="visually-hidden" aria-live="polite" data-testid="announcer">
        {progress}
      </div>
      <div className="visually-hidden" role="alert">
        {error === null ? '' : `${error.subject}: ${error.problem} ${error.remedy}`}
      </div>
    </>
  );
}

/** Changes rarely, so that it is not read out all the time. */
export function progressMessage(state: AppState): string {
  const { run, lastRun, slide } = state;
  if (run !== null) {
    const { done, total } = wholeProgress(run);
    if (total === 0) return 'Segmentation started.';
    const quarter = Math.floor((4 * done) / total);
    return quarter === 0 ? 'Segmentation started.' : `Segmentation: ${quarter * 25} per cent.`;
  }
  if (lastRun !== null) {
    if (lastRun.cancelled) return 'Segmentation cancelled.';
    return `Segmentation finished in ${formatDuration(lastRun.seconds)}.`;
  }
  return slide !== null ? `${slide.metadata.name} is open.` : '';
}

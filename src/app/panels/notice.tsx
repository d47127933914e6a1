/** The latest message, in the status bar until it is dismissed. */
import { CircleX, TriangleAlert, X } from 'lucide-react';
import { useLayoutEffect, useRef } from 'react';
import { commandById } from '../commands/registry.ts';
import { tip } from '../frame/tip.ts';
import type { LogEntry } from '../state/state.ts';
import { useWorkbench } from '../workbench-context.ts';

export function Notice({ entry }: { readonly entry: LogEntry }): React.JSX.Element {
  const workbench = useWorkbench();
  const Icon = entry.level === 'error' ? CircleX : TriangleAlert;
  const bar = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => liftReadouts(bar.current), []);
  const command = entry.commandId === null ? null : commandById(entry.commandId);
  return (
    <div className="notice" ref={bar} data-level={entry.level} data-testid="notice">
      <Icon size={14} aria-hidden />
      <button
        type="button"
        className="notice-text"
        {...tip('Open the log')}
        onClick={() => workbench.store.dispatch({ type: 'log-open', open: true })}
      >
        {entry.subject !== '' && <strong>{entry.subject}: </strong>}
        {entry.problem} {entry.remedy}
      </button>
      {command !== null && (
        <button type="button" className="button small" onClick={() => command.perform(workbench)}>
          {command.title}
        </button>
      )}
      <button
        type="button"
        className="button icon-button"
        aria-label="Dismiss"
        {...tip('Dismiss')}
        onClick={() => workbench.store.dispatch({ type: 'dismiss-notice' })}
      >
        <X size={14} aria-hidden />
      </button>
    </div>
  );
}

/** A message of several lines grows over the views: scale bar and overview at their lower edge move up by as much. */
function liftReadouts(notice: HTMLElement | null): (() => void) | undefined {
  const bar = notice?.parentElement ?? null;
  if (notice === null || bar === null || typeof ResizeObserver === 'undefined') return undefined;
  const { style } = document.documentElement;
  const observer = new ResizeObserver(() => {
    style.setProperty('--over-views', `${Math.max(0, notice.offsetHeight - bar.clientHeight)}px`);
  });
  observer.observe(notice);
  return () => {
    observer.disconnect();
    style.removeProperty('--over-views');
  };
}

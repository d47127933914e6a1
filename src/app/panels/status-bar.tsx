/** Status bar: progress, the latest error, which backend runs and why. */
import { CircleX, Pause, Play, ScrollText, TriangleAlert, X } from 'lucide-react';
import { commandById } from '../commands/registry.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { formatCount, formatDuration, formatRate } from '../format.ts';
import type { AppState, BackendState, LogEntry, RunState } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Announcer } from './announcer.tsx';

export function StatusBar(): React.JSX.Element {
  const run = useApp((state) => state.run);
  const notice = useApp((state) => state.notice);
  const idle = useApp(idleText);
  const backend = useApp((state) => state.backend);
  const entries = useApp((state) => state.log.length);
  return (
    <footer className="status-bar" data-testid="status-bar">
      {run !== null && <Progress run={run} />}
      {notice !== null && <Notice entry={notice} />}
      {run === null && notice === null && (
        <span className="status-text" data-testid="status-text">
          {idle}
        </span>
      )}
      <div className="spacer" />
      <Backend backend={backend} />
      <CommandButton
        id="interface.log"
        icon={<ScrollText size={14} aria-hidden />}
        {...(entries > 0 ? { label: String(entries) } : {})}
      />
      <strong className="research" title="Not a medical device. Not for diagnosis.">
        Research use only
      </strong>
      <Announcer />
    </footer>
  );
}

/** What the bar says when nothing runs and nothing is wrong. */
function idleText(state: AppState): string {
  const { slide, lastRun, models } = state;
  if (slide.kind === 'none') return 'Open a slide to begin.';
  if (slide.kind === 'opening') return `Opening ${slide.title}…`;
  if (lastRun !== null) {
    const slices = `${formatCount(lastRun.slices)} ${lastRun.slices === 1 ? 'slice' : 'slices'}`;
    const time = formatDuration(lastRun.seconds);
    const kept = lastRun.restored > 0 ? ` ${formatCount(lastRun.restored)} of them were there already.` : '';
    const glass = lastRun.skipped > 0 ? ` ${glassText(lastRun.skipped)}.` : '';
    return lastRun.cancelled
      ? `Cancelled after ${slices} in ${time}. What is finished stays.`
      : `Segmented ${slices} in ${time}.${kept}${glass}`;
  }
  return models === null ? 'Reading the models…' : 'Ready.';
}

function Progress({ run }: { readonly run: RunState }): React.JSX.Element {
  const share = run.total === 0 ? 0 : run.done / run.total;
  return (
    <div className="progress" data-testid="progress">
      <div
        className="progress-track"
        role="progressbar"
        aria-label="Segmentation"
        aria-valuemin={0}
        aria-valuemax={run.total}
        aria-valuenow={run.done}
        aria-valuetext={progressText(run)}
      >
        <div className="progress-done" style={{ transform: `scaleX(${share})` }} />
      </div>
      <span data-testid="progress-text">{progressText(run)}</span>
      <CommandButton
        id="segment.pause"
        icon={run.phase === 'paused' ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
      />
      <CommandButton id="segment.cancel" icon={<X size={14} aria-hidden />} />
    </div>
  );
}

function progressText(run: RunState): string {
  if (run.phase === 'cancelling') return 'Cancelling…';
  if (run.total === 0) return 'Preparing…';
  const parts = [`${formatCount(run.done)}/${formatCount(run.total)} slices`];
  if (run.phase === 'paused') parts.push('paused');
  else if (run.rate > 0) parts.push(`${formatRate(run.rate)}/s`, `${formatDuration(run.etaSeconds)} left`);
  if (run.broken > 0) parts.push(`${formatCount(run.broken)} could not be read`);
  if (run.skipped > 0) parts.push(glassText(run.skipped));
  return parts.join(' · ');
}

function glassText(slices: number): string {
  return `${formatCount(slices)} ${slices === 1 ? 'slice' : 'slices'} of glass skipped`;
}

function Notice({ entry }: { readonly entry: LogEntry }): React.JSX.Element {
  const workbench = useWorkbench();
  const Icon = entry.level === 'error' ? CircleX : TriangleAlert;
  const command = entry.commandId === null ? null : commandById(entry.commandId);
  return (
    <div className="notice" data-level={entry.level} data-testid="notice">
      <Icon size={14} aria-hidden />
      <button
        type="button"
        className="notice-text"
        title="Show in the log"
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
        title="Dismiss"
        onClick={() => workbench.store.dispatch({ type: 'dismiss-notice' })}
      >
        <X size={14} aria-hidden />
      </button>
    </div>
  );
}

const backendNames = { webgpu: 'WebGPU', webgl: 'WebGL', wasm: 'WebAssembly', cpu: 'JavaScript' } as const;

function Backend({ backend }: { readonly backend: BackendState }): React.JSX.Element | null {
  switch (backend.kind) {
    case 'waiting':
      return null;
    case 'starting':
      return <span className="faint">Starting the backend…</span>;
    case 'failed':
      return (
        <span className="warning-text" title={`${backend.error.problem} ${backend.error.remedy}`}>
          No backend
        </span>
      );
    case 'ready': {
      const { name, device, reason } = backend.report;
      return (
        <span className="backend" data-testid="backend" data-backend={name} title={reason} tabIndex={0}>
          {backendNames[name]}: {device}
          <span className="visually-hidden">. {reason}</span>
        </span>
      );
    }
  }
}

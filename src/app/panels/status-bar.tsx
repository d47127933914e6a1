/** Status bar: progress, the latest message, the backend with the reason for it, and announcements for screen readers. */
import { Pause, Play, ScrollText, X } from 'lucide-react';
import { backendNames } from '../state/backend-names.ts';
import { tip } from '../frame/tip.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { formatCount, formatDuration, formatRate } from '../format.ts';
import { wholeProgress } from '../state/run-state.ts';
import type { ModelRun, RunOutcome, RunState } from '../state/run-state.ts';
import { passById } from '../context/context-pass.ts';
import { layerText, modelTitle } from '../state/state.ts';
import type { AppState, BackendState, OverviewState } from '../state/state.ts';
import { PointerReadout } from '../viewer/pointer-readout.tsx';
import { useApp } from '../workbench-context.ts';
import { Notice } from './notice.tsx';

export function StatusBar(): React.JSX.Element {
  const run = useApp((state) => state.run);
  // Errors are shown over the slide.
  const notice = useApp(({ notice: latest }) => (latest?.level === 'error' ? null : latest));
  const idle = useApp(idleText);
  const lastRun = useApp((state) => state.lastRun);
  const backend = useApp((state) => state.backend);
  const entries = useApp((state) => state.log.length);
  const overview = useApp((state) => state.slide?.overview ?? null);
  return (
    <footer className="status-bar" data-testid="status-bar">
      {run !== null && <Progress run={run} />}
      {run === null && notice !== null && lastRun !== null && (
        <span className="run-summary faint" data-testid="run-summary">
          {summaryText(lastRun)}
        </span>
      )}
      {notice !== null && <Notice entry={notice} />}
      {run === null && notice === null && (
        <span className="status-text" data-testid="status-text">
          {idle}
        </span>
      )}
      <div className="spacer" />
      <PointerReadout />
      <Overview overview={overview} />
      <Backend backend={backend} />
      <CommandButton
        id="interface.log"
        icon={<ScrollText size={14} aria-hidden />}
        {...(entries > 0 ? { label: String(entries) } : {})}
      />
      <strong className="research" {...tip('Not a medical device. Not for diagnosis.')}>
        Research use only
      </strong>
      <Announcer />
    </footer>
  );
}

/** What the last run did, next to a message: above all what it left out. */
function summaryText({ slices, broken, skipped }: RunOutcome): string {
  return [
    `${formatCount(slices)} ${slices === 1 ? 'slice' : 'slices'}`,
    ...(broken > 0 ? [`${formatCount(broken)} unreadable`] : []),
    ...(skipped > 0 ? [`${formatCount(skipped)} background`] : []),
  ].join(' · ');
}

/** The text while nothing runs and there is no message. */
function idleText(state: AppState): string {
  const { slide, opening, lastRun, models } = state;
  if (opening !== null) return `Opening ${opening}…`;
  if (slide === null) return 'Open a slide to begin.';
  if (lastRun !== null) {
    const slices = `${formatCount(lastRun.slices)} ${lastRun.slices === 1 ? 'slice' : 'slices'}`;
    const time = formatDuration(lastRun.seconds);
    const kept = lastRun.restored > 0 ? ` ${formatCount(lastRun.restored)} reused.` : '';
    const broken = lastRun.broken > 0 ? ` ${formatCount(lastRun.broken)} unreadable.` : '';
    const skipped = lastRun.skipped > 0 ? ` ${skippedText(lastRun.skipped)}.` : '';
    return lastRun.cancelled
      ? `Cancelled after ${slices} in ${time}. Finished slices are kept.`
      : `Segmented ${slices} in ${time}.${kept}${broken}${skipped}`;
  }
  return models === null ? 'Loading models…' : 'Ready.';
}

function Progress({ run }: { readonly run: RunState }): React.JSX.Element {
  return (
    <div className="progress" data-testid="progress">
      {run.models.map((model) => (
        <ModelProgress key={model.modelId} model={model} alone={run.models.length === 1} phase={run.phase} />
      ))}
      {run.background !== undefined && <span className="progress-slide">{run.background}</span>}
      <span data-testid="progress-text">{progressText(run.phase, wholeProgress(run))}</span>
      <CommandButton
        id="segment.pause"
        icon={run.phase === 'paused' ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
      />
      <CommandButton id="segment.cancel" icon={<X size={14} aria-hidden />} />
    </div>
  );
}

interface ModelProgressProps {
  readonly model: ModelRun;
  /** Whether it is the only model of the run. */
  readonly alone: boolean;
  readonly phase: RunState['phase'];
}

/** Progress of one model; if several run, with the panes that show it. */
function ModelProgress({ model, alone, phase }: ModelProgressProps): React.JSX.Element {
  const panes = useApp((state) => panesOf(state, model.modelId));
  const title = useApp((state) => titleOf(state, model.modelId));
  const share = model.total === 0 ? 0 : model.done / model.total;
  const text = progressText(phase, model);
  return (
    <>
      {!alone && <span aria-hidden>{panes}</span>}
      <div
        className="progress-track"
        role="progressbar"
        aria-label={alone ? 'Segmentation' : `Segmentation, ${title}`}
        aria-valuemin={0}
        aria-valuemax={model.total}
        aria-valuenow={model.done}
        aria-valuetext={text}
        {...tip(`${title}: ${text}`)}
        data-testid={`progress-${model.modelId}`}
      >
        <div className="progress-done" style={{ transform: `scaleX(${share})` }} />
      </div>
    </>
  );
}

function titleOf({ models }: AppState, modelId: string): string {
  const model = passById(models, modelId);
  return model === null ? modelId : modelTitle(model);
}

/** Names of the panes that show a model; `2` is the second layer of a single pane. */
function panesOf({ models, panes, compare }: AppState, modelId: string): string {
  const pass = passById(models, modelId);
  const id = pass?.id ?? modelId;
  const kinds = pass?.withoutContext === true ? (['context'] as const) : (['model', 'context'] as const);
  const texts = kinds.map((kind) => layerText({ kind, id }));
  const own = panes.filter(({ layer }) => texts.includes(layerText(layer))).map((pane) => pane.id);
  const isSecond = compare.view !== 'panes' && texts.includes(layerText(compare.second));
  return [...own, ...(isSecond ? ['2'] : [])].join('');
}

function progressText(
  phase: RunState['phase'],
  { done, total, rate, etaSeconds, broken, skipped }: ReturnType<typeof wholeProgress>,
): string {
  if (phase === 'cancelling') return 'Cancelling…';
  if (total === 0) return 'Preparing…';
  const parts = [`${formatCount(done)}/${formatCount(total)} slices`];
  if (phase === 'paused') parts.push('paused');
  else if (rate > 0) parts.push(`${formatRate(rate)}/s`, `${formatDuration(etaSeconds)} left`);
  if (broken > 0) parts.push(`${formatCount(broken)} unreadable`);
  if (skipped > 0) parts.push(skippedText(skipped));
  return parts.join(' · ');
}

function skippedText(slices: number): string {
  return `${formatCount(slices)} background ${slices === 1 ? 'slice' : 'slices'} skipped`;
}

/** How the overview of a slide without small levels gets on. */
function Overview({ overview }: { readonly overview: OverviewState | null }): React.JSX.Element | null {
  switch (overview?.kind) {
    case undefined:
      return null;
    case 'building':
      return (
        <span
          className="faint"
          data-testid="overview-status"
          {...tip(
            'The file has no small levels, so Dualscope reads all of its tiles for the views of large areas. Until then these are coarse. Zoom in for full detail.',
          )}
        >
          Building overview: {shareText(overview.share)}
        </span>
      );
    case 'sampled':
      return (
        <span
          className="faint"
          data-testid="overview-status"
          {...tip(
            'The file has no small levels, and a slide on a server is not read as a whole. Views of large areas show some of its tiles. Zoom in for full detail.',
          )}
        >
          Overview from samples
        </span>
      );
    case 'stopped':
      return (
        <span
          className="warning-text"
          data-testid="overview-status"
          {...tip('Reading the slide failed, so views of large areas stay coarse. The log says why.')}
        >
          Overview incomplete
        </span>
      );
  }
}

/** In per cent, rounded down; one more digit at first, so that it moves. */
function shareText(share: number): string {
  const steps = share < 0.1 ? 10 : 1;
  return `${Math.floor(100 * steps * share) / steps} %`;
}

function Backend({ backend }: { readonly backend: BackendState }): React.JSX.Element | null {
  switch (backend.kind) {
    case 'waiting':
      return null;
    case 'starting':
      return <span className="faint">Starting backend…</span>;
    case 'failed':
      return (
        <span className="warning-text" {...tip(`${backend.error.problem} ${backend.error.remedy}`)}>
          No backend
        </span>
      );
    case 'ready': {
      const { name, device, reason } = backend.report;
      return (
        <span className="backend" data-testid="backend" data-backend={name} tabIndex={0} {...tip(reason)}>
          {backendNames[name]}: {device}
          <span className="visually-hidden">. {reason}</span>
        </span>
      );
    }
  }
}

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

/** Changes once per quarter of a run, so that screen readers are not flooded. */
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

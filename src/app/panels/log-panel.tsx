/** The log: what happened, to which file, what to do. */
import { CircleX, Info, TriangleAlert, X } from 'lucide-react';
import { tip } from '../frame/tip.ts';
import { commandById } from '../commands/registry.ts';
import type { LogEntry } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';

const icons = { error: CircleX, warning: TriangleAlert, info: Info } as const;
const timeFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

export function LogPanel(): React.JSX.Element {
  const { store } = useWorkbench();
  const log = useApp((state) => state.log);
  return (
    <section className="log-panel" aria-label="Log" data-testid="log">
      <header>
        <h2>Log</h2>
        <button
          type="button"
          className="button icon-button"
          aria-label="Close the log"
          {...tip('Close the log')}
          onClick={() => store.dispatch({ type: 'log-open', open: false })}
        >
          <X size={14} aria-hidden />
        </button>
      </header>
      {log.length === 0 ? (
        <p className="hint">No messages.</p>
      ) : (
        // Scrollable, so it must be focusable.
        <ol tabIndex={0} aria-label="Entries, latest first">
          {log.map((entry) => (
            <LogRow key={entry.id} entry={entry} />
          ))}
        </ol>
      )}
    </section>
  );
}

function LogRow({ entry }: { readonly entry: LogEntry }): React.JSX.Element {
  const workbench = useWorkbench();
  const Icon = icons[entry.level];
  const command = entry.commandId === null ? null : commandById(entry.commandId);
  return (
    <li data-level={entry.level}>
      <Icon size={14} aria-hidden />
      <time className="faint">{timeFormat.format(entry.time)}</time>
      <div>
        {entry.subject !== '' && <strong>{entry.subject}</strong>}
        <p>{entry.problem}</p>
        {entry.remedy !== '' && <p className="faint">{entry.remedy}</p>}
      </div>
      {command !== null && (
        <button type="button" className="button small" onClick={() => command.perform(workbench)}>
          {command.title}
        </button>
      )}
    </li>
  );
}

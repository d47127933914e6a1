/** The latest error, over the slide where the eye is: the whole sentence, and its remedy as a button. */
import { CircleX, X } from 'lucide-react';
import { tip } from '../frame/tip.ts';
import { commandById } from '../commands/registry.ts';
import { isEnabled } from '../commands/command.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';

export function ErrorCallout(): React.JSX.Element | null {
  const workbench = useWorkbench();
  const { store } = workbench;
  const notice = useApp((state) => state.notice);
  const command = notice?.commandId == null ? null : commandById(notice.commandId);
  const isUsable = useApp((state) => command !== null && isEnabled(command, state));
  if (notice?.level !== 'error') return null;
  return (
    <div className="error-callout" data-level="error" data-testid="notice">
      <CircleX size={16} aria-hidden />
      <div className="error-text">
        <p>
          {notice.subject !== '' && <strong>{notice.subject}: </strong>}
          {notice.problem} {notice.remedy}
        </p>
        <div className="button-row">
          {command !== null && isUsable && (
            <button type="button" className="button small primary" onClick={() => command.perform(workbench)}>
              {command.title}
            </button>
          )}
          <button
            type="button"
            className="button small"
            onClick={() => store.dispatch({ type: 'log-open', open: true })}
          >
            Open the log
          </button>
        </div>
      </div>
      <button
        type="button"
        className="button icon-button"
        aria-label="Dismiss"
        {...tip('Dismiss')}
        onClick={() => store.dispatch({ type: 'dismiss-notice' })}
      >
        <X size={14} aria-hidden />
      </button>
    </div>
  );
}

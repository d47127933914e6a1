/** Asks for the slide of a session that was opened: the page can't open a file of the user's by itself. */
import { Modal } from '../dialogs/modal.tsx';
import { openFiles } from '../session/open-files.ts';
import { pickFiles } from '../session/pick-files.ts';
import { useWorkbench } from '../workbench-context.ts';

export function SessionDialog(): React.JSX.Element | null {
  const workbench = useWorkbench();
  const session = workbench.sessions.wanted;
  if (session === null) return null;
  const close = (): void => workbench.store.dispatch({ type: 'dialog', dialog: null });
  return (
    <Modal title="Slide of the session" className="mpp-dialog" testId="session-dialog">
      <div className="session-dialog">
        <p>
          The session belongs to <strong>{session.slide.name}</strong>. Choose that file; it is known again by
          its content, whatever it is called now.
        </p>
        <div className="modal-actions">
          <button
            type="button"
            className="button"
            onClick={() => {
              workbench.sessions.forget();
              close();
            }}
          >
            Cancel
          </button>
          <button
            type="button"
            className="button primary"
            onClick={() => {
              pickFiles((files) => {
                close();
                void openFiles(workbench, files);
              });
            }}
          >
            Choose the slide…
          </button>
        </div>
      </div>
    </Modal>
  );
}

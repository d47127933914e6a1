/** Asks for the slide of an opened session, because a page cannot open local files without the user. */
import { Modal } from '../dialogs/modal.tsx';
import { chosenFiles } from '../session/chosen-files.ts';
import { openFiles, pickFiles } from '../session/user-files.ts';
import { useWorkbench } from '../workbench-context.ts';

export function SessionDialog(): React.JSX.Element | null {
  const workbench = useWorkbench();
  const session = workbench.sessions.wanted;
  if (session === null) return null;
  const close = (): void => workbench.store.dispatch({ type: 'dialog', dialog: null });
  return (
    <Modal title="Open the session’s slide" className="mpp-dialog" testId="session-dialog">
      <div className="session-dialog">
        <p>
          This session belongs to <strong>{session.slide.name}</strong>. Choose that file. It may have been
          renamed; Dualscope checks its content.
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
                void openFiles(workbench, chosenFiles(files));
              });
            }}
          >
            Choose slide…
          </button>
        </div>
      </div>
    </Modal>
  );
}

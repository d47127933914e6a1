/** Asks before the saved results of all slides are deleted, which cannot be undone. */
import { useEffect, useState } from 'react';
import type { StorageUse } from '../../worker/storage-protocol.ts';
import { formatBytes, formatCount } from '../format.ts';
import { useWorkbench } from '../workbench-context.ts';
import { Modal } from './modal.tsx';

export function DeleteResultsDialog(): React.JSX.Element {
  const { store, stored } = useWorkbench();
  /** undefined while it is being measured. */
  const [use, setUse] = useState<StorageUse | null>();
  useEffect(() => {
    let current = true;
    void stored.use().then((next) => {
      if (current) setUse(next);
    });
    return () => {
      current = false;
    };
  }, [stored]);
  const runs = use?.runs ?? 0;
  const close = (): void => store.dispatch({ type: 'dialog', dialog: null });
  const confirm = (): void => {
    close();
    void stored.deleteAll();
  };
  return (
    <Modal title="Delete saved results of all slides" className="mpp-dialog" testId="delete-results-dialog">
      <div className="delete-results">
        <p>{use === undefined ? 'Measuring…' : textOf(runs, use?.slides ?? 0, use?.bytes ?? 0)}</p>
        <div className="modal-actions">
          <button type="button" className="button" data-initial-focus onClick={close}>
            Cancel
          </button>
          <button
            type="button"
            className="button danger"
            disabled={runs === 0}
            data-testid="delete-results"
            onClick={confirm}
          >
            {runs === 0 ? 'Delete' : `Delete ${formatBytes(use?.bytes ?? 0)}`}
          </button>
        </div>
      </div>
    </Modal>
  );
}

/** What will be deleted, and how much of it. */
function textOf(runs: number, slides: number, bytes: number): string {
  if (runs === 0) return 'No results are saved in this browser.';
  const of = `${formatCount(slides)} ${slides === 1 ? 'slide' : 'slides'}`;
  const what = `${formatCount(runs)} saved ${runs === 1 ? 'run' : 'runs'} of ${of} (${formatBytes(bytes)})`;
  return `Delete ${what}? This cannot be undone. Results on screen stay until you close the page.`;
}

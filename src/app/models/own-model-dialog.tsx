/** Opens the user's own model: a folder from disk, or a URL. */
import { FolderOpen } from 'lucide-react';
import { useId, useRef, useState } from 'react';
import { Modal } from '../dialogs/modal.tsx';
import { useWorkbench } from '../workbench-context.ts';

export function OwnModelDialog(): React.JSX.Element {
  const { store, models } = useWorkbench();
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const id = useId();

  const finish = async (opening: Promise<string | null>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    const wrong = await opening;
    setBusy(false);
    if (wrong === null) store.dispatch({ type: 'dialog', dialog: null });
    else setProblem(wrong);
  };

  return (
    <Modal title="Open model" className="mpp-dialog" testId="own-model-dialog">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== '') void finish(models.openUrl(text));
        }}
      >
        <p>
          A model is a folder with <code>manifest.json</code>, a TF.js graph and its weights, as exported by{' '}
          <code>dualscope train</code>. Its test tensors are checked first. It stays on this computer.
        </p>
        <div className="button-row">
          <button
            type="button"
            className="button primary"
            disabled={busy}
            onClick={() => picker.current?.click()}
          >
            <FolderOpen size={16} aria-hidden /> Model folder…
          </button>
          <input
            ref={picker}
            type="file"
            className="visually-hidden"
            tabIndex={-1}
            aria-label="Model folder"
            data-testid="own-model-folder"
            webkitdirectory=""
            multiple
            onChange={(event) => {
              const files = [...(event.target.files ?? [])].map((file) => ({
                file,
                path: file.webkitRelativePath,
              }));
              event.target.value = '';
              if (files.length > 0) void finish(models.openFolder(files));
            }}
          />
        </div>
        <div className="field">
          <label htmlFor={id}>URL</label>
          <input
            id={id}
            type="text"
            inputMode="url"
            autoComplete="off"
            spellCheck={false}
            placeholder="models/my-model/"
            value={text}
            aria-describedby={`${id}-help`}
            data-testid="own-model-url"
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <p
          id={`${id}-help`}
          className={problem === null ? 'hint' : 'warning-text'}
          role={problem === null ? 'status' : 'alert'}
          data-testid="own-model-problem"
        >
          {problem ??
            (busy ? (
              'Loading and checking model…'
            ) : (
              <>
                To allow another server, start Dualscope with{' '}
                <code className="unbroken">npm start -- --allow-origin https://…</code>
              </>
            ))}
        </p>
        <div className="modal-actions">
          <button
            type="button"
            className="button"
            onClick={() => store.dispatch({ type: 'dialog', dialog: null })}
          >
            Cancel
          </button>
          <button type="submit" className="button" disabled={busy || text.trim() === ''}>
            Open URL
          </button>
        </div>
      </form>
    </Modal>
  );
}

declare module 'react' {
  // Missing from React's types, but supported by every browser.
  interface InputHTMLAttributes<T> {
    webkitdirectory?: T extends HTMLInputElement ? string : never;
  }
}

/** Opens the user's own model: a folder from disk, or a URL. */
import { FolderOpen } from 'lucide-react';
import { useRef, useState } from 'react';
import { QuestionDialog } from '../dialogs/question-dialog.tsx';
import { useWorkbench } from '../workbench-context.ts';

export function OwnModelDialog(): React.JSX.Element {
  const { store, models } = useWorkbench();
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const picker = useRef<HTMLInputElement>(null);

  const finish = async (opening: Promise<string | null>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    const wrong = await opening;
    setBusy(false);
    if (wrong === null) store.dispatch({ type: 'dialog', dialog: null });
    else setProblem(wrong);
  };

  return (
    <QuestionDialog
      title="Open model"
      testId="own-model-dialog"
      label="URL"
      value={text}
      onChange={setText}
      input={{ inputMode: 'url', autoComplete: 'off', spellCheck: false, placeholder: 'models/my-model/' }}
      inputTestId="own-model-url"
      problem={problem}
      help={
        busy ? (
          'Loading and checking model…'
        ) : (
          <>
            To allow another server, start Dualscope with{' '}
            <code className="unbroken">npm start -- --allow-origin https://…</code>
          </>
        )
      }
      helpTestId="own-model-problem"
      submit="Open URL"
      secondary
      disabled={busy || text.trim() === ''}
      onSubmit={() => {
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
    </QuestionDialog>
  );
}

declare module 'react' {
  // Missing from React's types, but supported by every browser.
  interface InputHTMLAttributes<T> {
    webkitdirectory?: T extends HTMLInputElement ? string : never;
  }
}

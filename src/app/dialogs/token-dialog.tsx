/** Asks for the bearer token of a server that wants one. It goes to the workers, not into the state, a link or a file. */
import { useId, useState } from 'react';
import { absoluteUrl } from '../../worker/protocol.ts';
import { useWorkbench } from '../workbench-context.ts';
import { Modal } from './modal.tsx';

export function TokenDialog(): React.JSX.Element | null {
  const { slides, store } = useWorkbench();
  const [awaited] = useState(slides.awaitingToken);
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const id = useId();
  const input = awaited?.choice.input;
  if (awaited === null || input?.kind !== 'url') return null;
  const { origin, protocol, hostname } = new URL(absoluteUrl(input.url));
  const isOpen = protocol === 'http:' && !/^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);

  return (
    <Modal title="Bearer token" className="mpp-dialog" testId="token-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setWrong(!slides.giveToken(awaited, text));
        }}
        noValidate
      >
        <p role="alert">
          {awaited.report.file}: {awaited.report.problem}
        </p>
        <div className="field">
          <label htmlFor={id}>Token for {origin}</label>
          <input
            id={id}
            type="password"
            autoComplete="off"
            spellCheck={false}
            value={text}
            aria-invalid={wrong}
            aria-describedby={`${id}-help`}
            data-testid="token-input"
            onChange={(event) => {
              setText(event.target.value);
              setWrong(false);
            }}
          />
        </div>
        <p
          id={`${id}-help`}
          className={wrong || isOpen ? 'warning-text' : 'hint'}
          role={wrong ? 'alert' : undefined}
        >
          {wrong
            ? 'This can be no token: paste it whole, without spaces.'
            : isOpen
              ? 'The connection is not encrypted: others on the network can read the token.'
              : 'Sent to this server only, and forgotten when the page closes.'}
        </p>
        <div className="modal-actions">
          <button
            type="button"
            className="button"
            onClick={() => store.dispatch({ type: 'dialog', dialog: null })}
          >
            Cancel
          </button>
          <button type="submit" className="button primary" data-testid="token-submit">
            Open slide
          </button>
        </div>
      </form>
    </Modal>
  );
}

/** Asks for the bearer token of a server that wants one. It goes to the workers, not into the state, a link or a file. */
import { useState } from 'react';
import { absoluteUrl } from '../../worker/protocol.ts';
import { useWorkbench } from '../workbench-context.ts';
import { QuestionDialog } from './question-dialog.tsx';

export function TokenDialog(): React.JSX.Element | null {
  const { slides } = useWorkbench();
  const [awaited] = useState(slides.awaitingToken);
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const input = awaited?.choice.input;
  if (awaited === null || input?.kind !== 'url') return null;
  const { origin, protocol, hostname } = new URL(absoluteUrl(input.url));
  const isOpen = protocol === 'http:' && !/^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);

  return (
    <QuestionDialog
      title="Bearer token"
      testId="token-dialog"
      label={`Token for ${origin}`}
      value={text}
      onChange={(value) => {
        setText(value);
        setWrong(false);
      }}
      input={{ type: 'password', autoComplete: 'off', spellCheck: false }}
      inputTestId="token-input"
      problem={wrong ? 'This can be no token: paste it whole, without spaces.' : null}
      warns={isOpen}
      help={
        isOpen
          ? 'The connection is not encrypted: others on the network can read the token.'
          : 'Sent to this server only, and forgotten when the page closes.'
      }
      submit="Open slide"
      submitTestId="token-submit"
      onSubmit={() => setWrong(!slides.giveToken(awaited, text))}
    >
      <p role="alert">
        {awaited.report.file}: {awaited.report.problem}
      </p>
    </QuestionDialog>
  );
}

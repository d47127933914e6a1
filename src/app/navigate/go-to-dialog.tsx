/** Moves the view to typed coordinates. */
import { useId, useState } from 'react';
import { Modal } from '../dialogs/modal.tsx';
import { formatCount } from '../format.ts';
import { currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { parseCoordinates } from './view-address.ts';

export function GoToDialog(): React.JSX.Element | null {
  const { store, navigation } = useWorkbench();
  const slide = useApp((state) => state.slide);
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const id = useId();
  if (slide === null) return null;
  const mpp = currentMpp(slide);
  const { width, height } = slide.metadata;

  const submit = (event: React.FormEvent): void => {
    event.preventDefault();
    const point = parseCoordinates(text, mpp);
    if (point === null) {
      setWrong(
        mpp === null
          ? 'Enter two numbers such as 1200, 3400. Without a slide resolution, only pixels work.'
          : 'Enter two numbers such as 1200, 3400 or 1.2 mm, 3.4 mm.',
      );
    } else if (point.x < 0 || point.y < 0 || point.x > width || point.y > height) {
      setWrong(`Outside the slide (${formatCount(width)} × ${formatCount(height)} px).`);
    } else {
      navigation.goToPoint(point.x, point.y);
      store.dispatch({ type: 'dialog', dialog: null });
    }
  };

  return (
    <Modal title="Go to" className="mpp-dialog" testId="go-to-dialog">
      <form onSubmit={submit} noValidate>
        <div className="field">
          <label htmlFor={id}>x, y</label>
          <input
            id={id}
            type="text"
            value={text}
            placeholder={mpp === null ? '1200, 3400' : '1200, 3400 or 1.2 mm, 3.4 mm'}
            aria-invalid={wrong !== null}
            aria-describedby={`${id}-help`}
            data-testid="go-to-input"
            onChange={(event) => {
              setText(event.target.value);
              setWrong(null);
            }}
          />
        </div>
        <p
          id={`${id}-help`}
          className={wrong === null ? 'hint' : 'warning-text'}
          role={wrong === null ? undefined : 'alert'}
        >
          {wrong ?? `Origin: top left corner. Slide size: ${formatCount(width)} × ${formatCount(height)} px.`}
        </p>
        <div className="modal-actions">
          <button
            type="button"
            className="button"
            onClick={() => store.dispatch({ type: 'dialog', dialog: null })}
          >
            Cancel
          </button>
          <button type="submit" className="button primary">
            Go
          </button>
        </div>
      </form>
    </Modal>
  );
}

/**
 * A dialog that asks for one value: what comes before it, a labelled text field with help or what is wrong below it, and
 * the buttons.
 */
import { useId } from 'react';
import { useWorkbench } from '../workbench-context.ts';
import { Modal } from './modal.tsx';

export interface QuestionDialogProps {
  readonly title: string;
  readonly testId: string;
  /** What comes before the field. */
  readonly children?: React.ReactNode;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Of the field. */
  readonly input?: Readonly<
    Pick<React.ComponentProps<'input'>, 'type' | 'inputMode' | 'placeholder' | 'autoComplete' | 'spellCheck'>
  >;
  readonly inputTestId: string;
  /** What is wrong with the value; null shows `help`. */
  readonly problem: string | null;
  readonly help: React.ReactNode;
  /** Whether the help is a warning. */
  readonly warns?: boolean;
  readonly helpTestId?: string;
  /** What the main button says; it is the form's. */
  readonly submit: string;
  readonly submitTestId?: string;
  readonly disabled?: boolean;
  /** Whether the main button is not the dialog's first. */
  readonly secondary?: boolean;
  readonly onSubmit: () => void;
}

export function QuestionDialog(props: QuestionDialogProps): React.JSX.Element {
  const { title, testId, children, label, value, input, problem, help, warns = false, submit } = props;
  const { store } = useWorkbench();
  const id = useId();
  return (
    <Modal title={title} className="mpp-dialog" testId={testId}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit();
        }}
      >
        {children}
        <div className="field">
          <label htmlFor={id}>{label}</label>
          <input
            id={id}
            type="text"
            {...input}
            value={value}
            aria-invalid={problem !== null && value !== ''}
            aria-describedby={`${id}-help`}
            data-testid={props.inputTestId}
            onChange={(event) => props.onChange(event.target.value)}
          />
        </div>
        <p
          id={`${id}-help`}
          className={problem !== null || warns ? 'warning-text' : 'hint'}
          role={problem === null ? 'status' : 'alert'}
          data-testid={props.helpTestId}
        >
          {problem ?? help}
        </p>
        <div className="modal-actions">
          <button
            type="button"
            className="button"
            onClick={() => store.dispatch({ type: 'dialog', dialog: null })}
          >
            Cancel
          </button>
          <button
            type="submit"
            className={props.secondary === true ? 'button' : 'button primary'}
            disabled={props.disabled}
            data-testid={props.submitTestId}
          >
            {submit}
          </button>
        </div>
      </form>
    </Modal>
  );
}

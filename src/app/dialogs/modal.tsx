/** A modal dialog on the native `<dialog>`, which traps focus, closes on Esc and restores focus. */
import { X } from 'lucide-react';
import { useEffect, useId, useRef } from 'react';
import { tip } from '../frame/tip.ts';
import { useWorkbench } from '../workbench-context.ts';

export interface ModalProps {
  readonly title: string;
  readonly className?: string;
  /** Hides the heading; the title then only names the dialog for screen readers. */
  readonly bare?: boolean;
  readonly children: React.ReactNode;
  readonly testId: string;
}

export function Modal({ title, className, bare = false, children, testId }: ModalProps): React.JSX.Element {
  const { store } = useWorkbench();
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const close = (): void => store.dispatch({ type: 'dialog', dialog: null });

  useEffect(() => {
    const element = dialog.current;
    if (element?.open === false) {
      element.showModal();
      focusQuestion(element);
    }
    return () => element?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      className={`modal ${className ?? ''}`}
      aria-labelledby={id}
      data-testid={testId}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        // Clicks on the backdrop have the dialog itself as target.
        if (event.target === event.currentTarget) close();
      }}
    >
      <div className="modal-content">
        {bare ? (
          <h2 id={id} className="visually-hidden">
            {title}
          </h2>
        ) : (
          <header>
            <h2 id={id}>{title}</h2>
            <button
              type="button"
              className="button icon-button"
              aria-label="Close"
              {...tip('Close', 'Escape')}
              onClick={close}
            >
              <X size={16} aria-hidden />
            </button>
          </header>
        )}
        {children}
      </div>
    </dialog>
  );
}

/**
 * Focuses the first input, primary button or element marked `data-initial-focus`; the browser would focus the close
 * button.
 */
function focusQuestion(dialog: HTMLDialogElement): void {
  const controls = dialog.querySelectorAll<HTMLElement>(
    'input, select, textarea, .button.primary, [data-initial-focus]',
  );
  for (const control of controls) {
    control.focus();
    if (document.activeElement === control) return;
  }
}

/** The toast that says what was removed, with Undo. */
import { Undo2, X } from 'lucide-react';
import { tip } from '../frame/tip.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';

export function UndoToast(): React.JSX.Element | null {
  const { undo } = useWorkbench();
  const offer = useApp((state) => state.undoOffer);
  if (offer === null) return null;
  return (
    <div className="undo-toast" role="status" key={offer.id} data-testid="undo-toast">
      <span>{offer.text}</span>
      <button
        type="button"
        className="button small"
        {...tip('Undo', 'Ctrl+Z')}
        onClick={() => undo.perform()}
      >
        <Undo2 size={14} aria-hidden /> Undo
      </button>
      <button
        type="button"
        className="button icon-button"
        aria-label="Close"
        {...tip('Close')}
        onClick={() => undo.dismiss()}
      >
        <X size={14} aria-hidden />
      </button>
    </div>
  );
}

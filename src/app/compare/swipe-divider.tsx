/** The swipe divider: moved by dragging or by arrow keys. */
import { useRef } from 'react';
import { useApp, useWorkbench } from '../workbench-context.ts';

/** Step of an arrow key, as a share of the pane; a tenth of it with Shift. */
const step = 0.05;

export function SwipeDivider(): React.JSX.Element {
  const { store } = useWorkbench();
  const { divider } = useApp((state) => state.compare);
  const dragging = useRef(false);
  const vertical = divider.direction === 'vertical';

  const moveTo = (share: number): void => {
    const clamped = Math.min(1, Math.max(0, Math.round(share * 1e4) / 1e4));
    store.dispatch({ type: 'compare', change: { divider: { ...divider, share: clamped } } });
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const by = event.shiftKey ? step / 10 : step;
    const [less, more] = vertical ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
    if (event.key === less) moveTo(divider.share - by);
    else if (event.key === more) moveTo(divider.share + by);
    else if (event.key === 'Home') moveTo(0);
    else if (event.key === 'End') moveTo(1);
    else return;
    event.preventDefault();
  };

  const onPointerMove = (event: React.PointerEvent<HTMLElement>): void => {
    if (!dragging.current) return;
    const pane = event.currentTarget.parentElement?.getBoundingClientRect();
    if (pane === undefined) return;
    moveTo(vertical ? (event.clientX - pane.left) / pane.width : (event.clientY - pane.top) / pane.height);
  };

  return (
    <div
      className="swipe-divider"
      role="slider"
      tabIndex={0}
      aria-label="Swipe divider"
      aria-orientation={vertical ? 'horizontal' : 'vertical'}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(divider.share * 100)}
      aria-valuetext={`${Math.round(divider.share * 100)} per cent of the pane`}
      data-direction={divider.direction}
      data-testid="swipe-divider"
      style={vertical ? { left: `${divider.share * 100}%` } : { top: `${divider.share * 100}%` }}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        dragging.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => (dragging.current = false)}
      onPointerCancel={() => (dragging.current = false)}
    >
      <span className="swipe-handle" aria-hidden />
    </div>
  );
}

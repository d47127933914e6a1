/**
 * The page's one tooltip: shows what an element's `tip` says at once, on hover and on keyboard focus. The browser's own
 * (`title`) is slow, and the keyboard never sees it. Esc hides it, and it stays while the pointer is over it (WCAG 1.4.13).
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Keys } from './keys.tsx';

/** CSS pixels between element and tooltip, and between tooltip and window. */
const gap = 6;

export function Tooltip(): React.JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [target, setTarget] = useState<HTMLElement | null>(null);

  useEffect(() => {
    let shown: HTMLElement | null = null;
    /** Pressed: it needs no explanation until the pointer has left it. */
    let pressed: HTMLElement | null = null;
    /** Whether the keyboard moves the focus. A dialog that opens moves it too, but nobody asked for a button's name. */
    let tabs = false;
    const show = (element: HTMLElement | null): void => {
      if (element === shown) return;
      shown = element;
      setTarget(element);
    };
    const onMove = (event: PointerEvent): void => {
      if (event.pointerType === 'touch') return;
      const found = tipOf(event.target);
      if (found !== pressed) pressed = null;
      if (found !== null) show(found === pressed ? null : found);
      else if (shown !== null && shown !== document.activeElement && !isOver(box.current, shown, event))
        show(null);
    };
    const onFocus = (event: FocusEvent): void => {
      const found = tipOf(event.target);
      show(tabs && found?.matches(':focus-visible') === true ? found : null);
    };
    const onPress = (event: Event): void => {
      pressed = tipOf(event.target);
      tabs = false;
      show(null);
    };
    const onKey = (event: KeyboardEvent): void => {
      tabs = event.key === 'Tab' || event.key.startsWith('Arrow');
      if (event.key === 'Escape') show(null);
    };
    const onLeave = (): void => show(null);
    window.addEventListener('resize', onLeave);
    const listeners = [
      ['pointermove', onMove],
      ['focusin', onFocus],
      ['focusout', onLeave],
      ['pointerdown', onPress],
      ['keydown', onKey],
      ['scroll', onLeave],
    ] as const;
    for (const [type, listener] of listeners)
      document.addEventListener(type, listener as EventListener, true);
    document.documentElement.addEventListener('pointerleave', onLeave);
    return () => {
      window.removeEventListener('resize', onLeave);
      for (const [type, listener] of listeners)
        document.removeEventListener(type, listener as EventListener, true);
      document.documentElement.removeEventListener('pointerleave', onLeave);
    };
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || target === null) return;
    // The top layer: a dialog may be open. Not in every test's page.
    element.showPopover?.();
    place(element, target);
    return () => element.hidePopover?.();
  }, [target]);

  const { tip, tipKeys, tipNote } = target?.dataset ?? {};
  // Hidden from screen readers, which read the same as name and `aria-keyshortcuts`.
  return (
    <div ref={box} className="tooltip" popover="manual" aria-hidden data-testid="tooltip">
      {tip !== undefined && (
        <>
          <span>{tip}</span>
          {tipKeys !== undefined && <Keys shortcut={tipKeys} />}
          {tipNote !== undefined && <span className="tooltip-note">{tipNote}</span>}
        </>
      )}
    </div>
  );
}

function tipOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>('[data-tip]') : null;
}

/** Whether the pointer is over the tooltip, or on the way to it. */
function isOver(box: HTMLElement | null, target: HTMLElement, { clientX, clientY }: PointerEvent): boolean {
  if (box === null) return false;
  const { left, top, right, bottom } = box.getBoundingClientRect();
  const from = target.getBoundingClientRect();
  const isBetween = clientX >= Math.min(left, from.left) && clientX <= Math.max(right, from.right);
  return isBetween && clientY >= Math.min(top, from.bottom) && clientY <= Math.max(bottom, from.top);
}

/** Below the element, above it at the window's lower edge, beside it in the rail; always within the window. */
function place(box: HTMLElement, target: HTMLElement): void {
  const { width, height } = box.getBoundingClientRect();
  const { left, top, right, bottom } = target.getBoundingClientRect();
  const isInRail = target.closest('.left-rail') !== null;
  const x = isInRail ? right + gap : (left + right - width) / 2;
  const below = isInRail ? (top + bottom - height) / 2 : bottom + gap;
  const y = below + height + gap <= window.innerHeight ? below : top - gap - height;
  box.style.left = `${Math.max(gap, Math.min(window.innerWidth - width - gap, x))}px`;
  box.style.top = `${Math.max(gap, y)}px`;
}

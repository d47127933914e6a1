/** The menu at a place of the slide, by right click or Shift+F10. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { menuItems } from './pane-menu-items.ts';
import { openPaneMenu, usePaneMenu } from './pane-menu-state.ts';
import type { PaneMenuPlace } from './pane-menu-state.ts';
import { layerOpinion, placeText } from './pointer-readout.tsx';
import { activePaneOf, currentMpp } from '../state/state.ts';

export function PaneMenu({ paneId }: { readonly paneId: string }): React.JSX.Element | null {
  const place = usePaneMenu();
  return place?.paneId === paneId ? <Menu key={`${place.x},${place.y}`} place={place} /> : null;
}

function Menu({ place }: { readonly place: PaneMenuPlace }): React.JSX.Element {
  const workbench = useWorkbench();
  const pane = useApp(activePaneOf);
  const mpp = useApp((state) => currentMpp(state.slide));
  const items = useMemo(() => menuItems(workbench, place.at), [workbench, place]);
  const [at, setAt] = useState({ x: place.x, y: place.y });
  const element = useRef<HTMLDivElement>(null);
  const content = workbench.resolveLayer(pane.layer);
  const said = content === null ? null : layerOpinion(workbench, pane.layer, content, place.at);

  useLayoutEffect(() => {
    const menu = element.current;
    const room = menu?.parentElement;
    if (menu == null || room == null) return;
    // Within the pane.
    setAt({
      x: Math.max(0, Math.min(place.x, room.clientWidth - menu.offsetWidth - 4)),
      y: Math.max(0, Math.min(place.y, room.clientHeight - menu.offsetHeight - 4)),
    });
    menu.querySelector<HTMLElement>('[role=menuitem]:not(:disabled)')?.focus({ preventScroll: true });
  }, [place]);

  useEffect(() => {
    const closeOutside = (event: Event): void => {
      if (event.target instanceof Node && element.current?.contains(event.target) === true) return;
      openPaneMenu(null);
    };
    window.addEventListener('pointerdown', closeOutside, true);
    window.addEventListener('wheel', closeOutside, true);
    return () => {
      window.removeEventListener('pointerdown', closeOutside, true);
      window.removeEventListener('wheel', closeOutside, true);
    };
  }, []);

  const close = (): void => {
    const view = element.current?.parentElement?.querySelector<HTMLElement>('.view [role=application]');
    openPaneMenu(null);
    view?.focus({ preventScroll: true });
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    // Keys of the menu are not the page's.
    event.stopPropagation();
    event.nativeEvent.stopImmediatePropagation();
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      close();
      return;
    }
    const buttons = [
      ...(element.current?.querySelectorAll<HTMLElement>('[role=menuitem]:not(:disabled)') ?? []),
    ];
    const current = buttons.findIndex((button) => button === document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next =
      step !== undefined
        ? (current + step + buttons.length) % buttons.length
        : event.key === 'Home'
          ? 0
          : event.key === 'End'
            ? buttons.length - 1
            : null;
    if (next === null) return;
    event.preventDefault();
    buttons[next]?.focus({ preventScroll: true });
  };

  return (
    <div
      ref={element}
      className="pane-menu"
      role="menu"
      aria-label="Actions at this place"
      data-testid="pane-menu"
      tabIndex={-1}
      style={{ left: at.x, top: at.y }}
      onKeyDown={onKeyDown}
      onContextMenu={(event) => event.preventDefault()}
    >
      <div className="pane-menu-place" role="presentation">
        {said !== null && <strong>{said}</strong>}
        <span className="faint">{placeText(place.at.x, place.at.y, mpp)}</span>
      </div>
      {items.map(({ id, title, enabled, separated = false, perform }) => (
        <button
          key={id}
          type="button"
          role="menuitem"
          className="pane-menu-item"
          data-separated={separated}
          disabled={!enabled}
          onClick={() => {
            close();
            perform();
          }}
        >
          {title}
        </button>
      ))}
    </div>
  );
}

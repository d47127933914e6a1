/** The part of a long list that is on screen: rows of one height in a box that scrolls. */
import { useEffect, useLayoutEffect, useState } from 'react';

export interface ListWindow {
  /** First row to render. */
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
}

/** Rows above and below the box that are rendered, too. */
const margin = 4;

/**
 * @param box the element that scrolls
 * @param current row that must be in view whenever it changes; null for none
 */
export function useListWindow(
  box: React.RefObject<HTMLElement | null>,
  rows: number,
  rowPx: number,
  current: number | null,
): ListWindow {
  const [place, setPlace] = useState({ top: 0, height: 600 });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const update = (): void => setPlace({ top: element.scrollTop, height: element.clientHeight });
    update();
    element.addEventListener('scroll', update, { passive: true });
    const observer = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(update);
    observer?.observe(element);
    return () => {
      element.removeEventListener('scroll', update);
      observer?.disconnect();
    };
  }, [box]);
  useEffect(() => {
    const element = box.current;
    if (element === null || current === null) return;
    const [top, bottom] = [current * rowPx, (current + 1) * rowPx];
    if (top < element.scrollTop) element.scrollTo({ top });
    else if (bottom > element.scrollTop + element.clientHeight) {
      element.scrollTo({ top: bottom - element.clientHeight });
    }
  }, [box, current, rowPx]);
  return {
    first: Math.max(0, Math.floor(place.top / rowPx) - margin),
    end: Math.min(rows, Math.ceil((place.top + place.height) / rowPx) + margin),
  };
}

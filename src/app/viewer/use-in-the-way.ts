/** Whether the overview map hides tissue that is being read. */
import { useEffect, useState, type RefObject } from 'react';
import { useGlass } from '../overlay/use-glass.ts';
import { useApp } from '../workbench-context.ts';
import { invert } from './affine.ts';
import { tissueShare } from './overview-place.ts';
import type { SlideView } from './slide-view.ts';

/** Milliseconds that the view rests before tissue counts as being read. */
const restMs = 1500;
/** Share of the map that may lie over tissue. */
const mostTissue = 0.1;

/** @param box the map; has its place even while it is not seen */
export function useInTheWay(
  view: SlideView | null,
  box: RefObject<HTMLElement | null>,
  corner: string,
): boolean {
  const slide = useApp((state) => state.slide?.metadata ?? null);
  /** Whether it has lain over the slide: only then is the slide searched for tissue. */
  const [isOver, setIsOver] = useState(false);
  const glass = useGlass(isOver);
  const [inTheWay, setInTheWay] = useState(false);
  useEffect(() => {
    if (view === null || slide === null) return;
    let timer: number | undefined;
    let last = '';
    const look = (): void => {
      const transform = view.transform();
      const element = box.current;
      if (transform === null || element === null) return;
      const { offsetLeft: x, offsetTop: y, offsetWidth: width, offsetHeight: height } = element;
      const area = { x, y, width, height };
      if (width === 0) return;
      const hides = tissueShare(area, invert(transform), slide, glass) > mostTissue;
      if (hides) setIsOver(true);
      setInTheWay(hides);
    };
    const follow = (): void => {
      const transform = view.transform();
      const place = transform === null ? '' : Object.values(transform).join();
      if (place === last) return;
      last = place;
      setInTheWay(false);
      window.clearTimeout(timer);
      timer = window.setTimeout(look, restMs);
    };
    // Known glass does not make the map come and go.
    timer = window.setTimeout(look, restMs);
    const transform = view.transform();
    last = transform === null ? '' : Object.values(transform).join();
    const end = view.onFrame(follow);
    return () => {
      window.clearTimeout(timer);
      end();
    };
  }, [view, slide, glass, box, corner]);
  return inTheWay;
}

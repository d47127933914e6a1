/** Keeps a drawing in level-0 pixels on the slide while its view moves. */
import { useEffect } from 'react';
import type { RefObject } from 'react';
import type { SlideView } from './slide-view.ts';

/** @param group an SVG group in level-0 pixels. @param isShown whether it is there */
export function useSlideTransform(
  view: SlideView,
  group: RefObject<SVGGElement | null>,
  isShown: boolean,
): void {
  useEffect(() => {
    if (!isShown) return;
    const draw = (): void => {
      const transform = view.transform();
      if (transform === null) return;
      const { a, b, c, d, e, f } = transform;
      group.current?.setAttribute('transform', `matrix(${a} ${b} ${c} ${d} ${e} ${f})`);
    };
    draw();
    return view.onFrame(draw);
  }, [view, group, isShown]);
}

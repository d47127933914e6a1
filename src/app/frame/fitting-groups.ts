/** Which groups of a bar have room in it. */
import { useLayoutEffect, useState } from 'react';

/** Most CSS pixels kept for the slide's name. */
const nameWidth = 160;
/** CSS pixels of the button that opens the menu. */
const menuWidth = 48;

/**
 * Of the groups in order of importance, those that have room: the first `n` for which everything fits.
 * @param widths of each group, CSS pixels
 * @param room CSS pixels for all of them; if not all fit, the menu's button takes some of it
 */
export function fitting(widths: readonly number[], room: number): number {
  const total = (count: number): number => widths.slice(0, count).reduce((sum, width) => sum + width, 0);
  if (total(widths.length) <= room) return widths.length;
  let count = widths.length - 1;
  while (count > 0 && total(count) + menuWidth > room) count -= 1;
  return count;
}

/**
 * Watches a bar. Its children are groups (`data-group`, in `order`), a spacer (`data-spacer`), a name that may shrink
 * (`data-shrinks`) and fixed parts.
 * @param order ids of groups, most important first
 * @returns those to show
 */
export function useFittingGroups(
  bar: React.RefObject<HTMLElement | null>,
  order: readonly string[],
): readonly string[] {
  const [count, setCount] = useState(order.length);
  const [widths] = useState(() => new Map<string, number>());
  // After each render: a name or a resolution may have changed.
  useLayoutEffect(() => {
    const element = bar.current;
    if (element === null || typeof ResizeObserver === 'undefined') return;
    const measure = (): void =>
      setCount(
        fitting(
          order.map((id) => widths.get(id) ?? 0),
          roomOf(element, widths),
        ),
      );
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    // Its parts change by themselves too: a font that arrives, a readout that grows.
    for (const part of element.children) observer.observe(part);
    return () => observer.disconnect();
  });
  return order.slice(0, count);
}

/** Room left for the groups; remembers the width of each group that is shown. */
function roomOf(bar: HTMLElement, widths: Map<string, number>): number {
  const { paddingLeft, paddingRight, columnGap } = getComputedStyle(bar);
  const gap = Number.parseFloat(columnGap) || 0;
  let room = bar.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
  for (const child of bar.children) {
    if (!(child instanceof HTMLElement) || child.offsetWidth === 0 || child.dataset.menu !== undefined)
      continue;
    const { group, shrinks, spacer } = child.dataset;
    if (group !== undefined) widths.set(group, child.offsetWidth + gap);
    else if (spacer !== undefined) room -= gap;
    else room -= gap + (shrinks === undefined ? child.offsetWidth : Math.min(child.scrollWidth, nameWidth));
  }
  return room;
}

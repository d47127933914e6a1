/** Commands for how the class map is drawn. None of them runs a network. */
import { Contrast, EyeOff, Hash, Layers, Palette, PaintBucket, Spline } from 'lucide-react';
import { paletteIds } from '../overlay/class-palette.ts';
import { setPeek } from '../overlay/peek.ts';
import { activePaneOf, hasSlide } from '../state/state.ts';
import type { AppState, OverlaySettings } from '../state/state.ts';
import type { Command } from './command.ts';

type Switch = 'visible' | 'fill' | 'outline' | 'hatch' | 'confidence';

function overlaySwitch(
  field: Switch,
  command: Pick<Command, 'id' | 'title' | 'icon'> & { readonly shortcut?: string },
): Command {
  const { shortcut, ...rest } = command;
  const isOn = (state: AppState): boolean => activePaneOf(state).overlay[field];
  return {
    ...rest,
    group: 'Overlay',
    ...(shortcut === undefined ? {} : { shortcuts: [shortcut] }),
    when: hasSlide,
    isOn,
    perform: ({ store }) => store.dispatch({ type: 'overlay', change: { [field]: !isOn(store.getState()) } }),
  };
}

const opacityStep = 0.1;

function changeOpacity(overlay: OverlaySettings, step: number): Partial<OverlaySettings> {
  const next = Math.min(1, Math.max(0, overlay.fillOpacity + step));
  return { fillOpacity: Math.round(next * 100) / 100 };
}

export const overlayCommands: readonly Command[] = [
  overlaySwitch('visible', { id: 'overlay.visible', title: 'Show classes', icon: Layers, shortcut: 'C' }),
  {
    id: 'overlay.peek',
    title: 'Show bare tissue (hold)',
    group: 'Overlay',
    icon: EyeOff,
    shortcuts: ['V'],
    when: hasSlide,
    perform: () => setPeek(true),
    release: () => setPeek(false),
  },
  overlaySwitch('fill', { id: 'overlay.fill', title: 'Fill', icon: PaintBucket, shortcut: 'F' }),
  overlaySwitch('outline', { id: 'overlay.outline', title: 'Outline', icon: Spline, shortcut: 'O' }),
  overlaySwitch('hatch', { id: 'overlay.hatch', title: 'Hatch', icon: Hash, shortcut: 'Shift+F' }),
  overlaySwitch('confidence', {
    id: 'overlay.confidence',
    title: 'Show confidence',
    icon: Contrast,
    shortcut: 'H',
  }),
  {
    id: 'overlay.more-opaque',
    title: 'Increase fill opacity',
    group: 'Overlay',
    shortcuts: ['.'],
    perform: ({ store }) =>
      store.dispatch({
        type: 'overlay',
        change: changeOpacity(activePaneOf(store.getState()).overlay, opacityStep),
      }),
  },
  {
    id: 'overlay.less-opaque',
    title: 'Decrease fill opacity',
    group: 'Overlay',
    shortcuts: [','],
    perform: ({ store }) =>
      store.dispatch({
        type: 'overlay',
        change: changeOpacity(activePaneOf(store.getState()).overlay, -opacityStep),
      }),
  },
  {
    id: 'overlay.next-palette',
    title: 'Next palette',
    group: 'Overlay',
    icon: Palette,
    perform: ({ store }) => {
      const { palette } = activePaneOf(store.getState()).overlay;
      const next = paletteIds[(paletteIds.indexOf(palette) + 1) % paletteIds.length] ?? palette;
      store.dispatch({ type: 'overlay', change: { palette: next } });
    },
  },
];

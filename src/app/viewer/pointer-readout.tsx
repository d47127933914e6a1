/** What is under the pointer: its place, and what each shown layer says of it. In the status bar. */
import { useEffect, useState } from 'react';
import { tip } from '../frame/tip.ts';
import { classAt } from '../overlay/class-at.ts';
import type { LayerContent } from '../session/layer-content.ts';
import { currentMpp, layerText } from '../state/state.ts';
import type { AppState, LayerChoice } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import type { SlidePointer } from './view-link.ts';
import type { Point } from './affine.ts';
import type { Workbench } from '../session/workbench.ts';
import { voteOpinion } from '../votes/vote-opinion.ts';

export function PointerReadout(): React.JSX.Element | null {
  const workbench = useWorkbench();
  const at = usePointer();
  const state = useApp((now) => now);
  if (at === null || state.slide === null) return null;
  const { width, height } = state.slide.metadata;
  if (at.x < 0 || at.y < 0 || at.x >= width || at.y >= height) return null;
  const layers = layersUnder(state, at.paneId);
  const said = layers.flatMap(({ name, layer }) => {
    const content = workbench.resolveLayer(layer);
    const text = content === null ? null : layerOpinion(workbench, layer, content, at);
    return text === null ? [] : [{ name, text, title: content?.title ?? '' }];
  });
  const mpp = currentMpp(state.slide);
  const place = placeText(at.x, at.y, mpp);
  return (
    <span
      className="pointer-readout"
      data-testid="pointer-readout"
      {...tip([place, ...said.map(({ title, text }) => `${title}: ${text}`)].join('\n'))}
    >
      {said.map(({ name, text }) => (
        <span key={name} className="pointer-opinion">
          {said.length > 1 && <span className="faint">{name} </span>}
          {text}
        </span>
      ))}
      <span className="figure faint">{place}</span>
    </span>
  );
}

/** The pointer, at most once per frame. */
function usePointer(): SlidePointer | null {
  const { pointer } = useWorkbench();
  const [at, setAt] = useState(pointer.get());
  useEffect(() => {
    let frame = 0;
    const end = pointer.subscribe(() => {
      if (frame !== 0) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        setAt(pointer.get());
      });
    });
    return () => {
      end();
      cancelAnimationFrame(frame);
    };
  }, [pointer]);
  return at;
}

/** Layers of all panes, the one under the pointer first, each once; named after their panes. */
function layersUnder(
  { panes, compare }: Pick<AppState, 'panes' | 'compare'>,
  paneId: string,
): { readonly name: string; readonly layer: LayerChoice }[] {
  const ordered = [...panes].sort((one, other) => Number(other.id === paneId) - Number(one.id === paneId));
  const all = [
    ...ordered.map(({ id, layer }) => ({ name: id, layer })),
    ...(compare.view === 'panes' ? [] : [{ name: '2', layer: compare.second }]),
  ];
  const seen = new Set<string>();
  return all.filter(({ layer }) => {
    const text = layerText(layer);
    if (layer.kind === 'none' || seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

/** What a layer says of a place, level-0 pixels; null where nothing is segmented. */
export function layerOpinion(
  { votes }: Pick<Workbench, 'votes'>,
  layer: LayerChoice,
  content: LayerContent,
  { x, y }: Point,
): string | null {
  return layer.kind === 'votes' ? voteOpinion(votes.votersOf(layer.like), x, y) : opinion(content, x, y);
}

/** `malignant 92 %`, or that of both passes; null where nothing is segmented. */
export function opinion(
  { classes, map, certain = false, change }: LayerContent,
  x: number,
  y: number,
): string | null {
  if (change !== undefined) {
    const withContext = opinion(change.withContext, x, y);
    const without = opinion(change.without, x, y);
    return withContext === null || without === null
      ? null
      : `With context ${withContext}, without ${without}`;
  }
  const found = classAt(map, x, y);
  const entry = found === null ? undefined : classes[found.value];
  if (found === null || entry === undefined) return null;
  return certain ? entry.name : `${entry.name} ${Math.round(100 * found.confidence)} %`;
}

const number = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** `12,345, 6,789 px · 6,172, 3,394 µm`. @param mpp µm per level-0 pixel; null if unknown */
export function placeText(
  x: number,
  y: number,
  mpp: { readonly x: number; readonly y: number } | null,
): string {
  const pixels = `${number.format(Math.floor(x))}, ${number.format(Math.floor(y))} px`;
  return mpp === null ? pixels : `${number.format(x * mpp.x)}, ${number.format(y * mpp.y)} µm · ${pixels}`;
}

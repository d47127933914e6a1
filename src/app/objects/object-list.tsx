/** The objects as a list, and as a gallery of pictures: both render only what is on screen. */
import { Check, CircleX, Tag } from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { MapObject } from '../../objects/map-object.ts';
import { mixedness } from '../../objects/map-object.ts';
import { areaUm2 } from '../../objects/object-files.ts';
import { polygonsOf } from '../../objects/object-shape.ts';
import { classNameOf, stateOf, type ReviewState } from '../../objects/review-list.ts';
import { formatArea, formatCount, formatFraction, formatShare } from '../format.ts';
import { shownColours } from '../overlay/overlay-style.ts';
import { activePaneOf, currentMpp, tileLook } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { drawSquare, squareAround } from './object-thumbnail.ts';
import { stateWords } from './object-words.ts';
import type { ObjectsState } from './objects-state.ts';
import { useListWindow } from './use-window.ts';
import { tip } from '../frame/tip.ts';

/** Deviation of drawn outlines from the pixels' edges, map pixels: no staircases. */
const outlineTolerance = 1;

/** Mixed objects say so from this share on. */
const mixedFrom = 0.1;

const rowPx = 32;
/** Picture and caption of an object in the gallery, CSS pixels. */
const cardPx = 96;
const picturePx = 76;
const perRow = 3;

interface Described {
  readonly object: MapObject;
  readonly name: string;
  readonly colour: string;
  readonly state: ReviewState;
  readonly area: string;
  readonly isCurrent: boolean;
  readonly isMarked: boolean;
}

function useDescribe(state: ObjectsState): (object: MapObject) => Described {
  const mpp = useApp((app) => currentMpp(app.slide));
  const overlay = useApp((app) => activePaneOf(app).overlay);
  const { source, corrected, scale, selected, marked } = state;
  const { classes } = source.content;
  const colours = shownColours(classes, overlay);
  return (object) => {
    const name = classNameOf(object, corrected.reviews, classes);
    const um2 = areaUm2(object, scale, mpp);
    return {
      object,
      name,
      colour: colours[classes.findIndex((entry) => entry.name === name)] ?? 'transparent',
      state: stateOf(object, corrected.reviews, classes),
      area: um2 === null ? `${formatCount(object.pixels)} px` : formatArea(um2),
      isCurrent: object.key === selected,
      isMarked: marked.has(object.key),
    };
  };
}

/** What screen readers say of an object, and its tooltip. */
function titleOf({ object, name, state, area, isMarked }: Described): string {
  const mixed = mixedness(object) >= mixedFrom ? `, ${formatShare(mixedness(object))} of other classes` : '';
  const marked = isMarked ? ', marked for merging' : '';
  return `${name}, ${area}, confidence ${formatFraction(object.confidence)}${mixed}, ${stateWords[state]}${marked}`;
}

export function ObjectList({ state }: { readonly state: ObjectsState }): React.JSX.Element {
  const { objects } = useWorkbench();
  const box = useRef<HTMLUListElement>(null);
  const describe = useDescribe(state);
  const { listed, selected } = state;
  const at = listed.findIndex(({ key }) => key === selected);
  const { first, end } = useListWindow(box, listed.length, rowPx, at < 0 ? null : at);
  return (
    <ul className="object-list" ref={box} data-testid="object-list" aria-label="Objects" tabIndex={-1}>
      <li className="object-space" style={{ height: first * rowPx }} aria-hidden />
      {listed.slice(first, end).map((object) => {
        const described = describe(object);
        return (
          <li key={object.key} style={{ height: rowPx }}>
            <button
              type="button"
              className="choice object-row"
              aria-current={described.isCurrent}
              aria-label={titleOf(described)}
              {...tip(titleOf(described))}
              data-state={described.state}
              data-marked={described.isMarked}
              onClick={(event) => {
                objects.select(object.key);
                if (event.shiftKey) objects.mark(object.key);
              }}
            >
              <span className="annotation-mark" style={{ background: described.colour }} aria-hidden />
              <span className="object-name">{described.name}</span>
              {mixedness(object) >= mixedFrom && <span className="object-mixed">mixed</span>}
              <span className="figure">{described.area}</span>
              <span className="figure">{formatFraction(object.confidence)}</span>
              <StateIcon state={described.state} />
            </button>
          </li>
        );
      })}
      <li className="object-space" style={{ height: (listed.length - end) * rowPx }} aria-hidden />
    </ul>
  );
}

function StateIcon({ state }: { readonly state: ReviewState }): React.JSX.Element {
  const Icon = { left: null, accepted: Check, relabelled: Tag, rejected: CircleX }[state];
  return <span className="object-state">{Icon !== null && <Icon size={13} aria-hidden />}</span>;
}

export function ObjectGallery({ state }: { readonly state: ObjectsState }): React.JSX.Element {
  const { objects } = useWorkbench();
  const box = useRef<HTMLUListElement>(null);
  const describe = useDescribe(state);
  const { listed, selected } = state;
  const at = listed.findIndex(({ key }) => key === selected);
  const rows = Math.ceil(listed.length / perRow);
  const { first, end } = useListWindow(box, rows, cardPx, at < 0 ? null : Math.floor(at / perRow));
  return (
    <ul className="object-gallery" ref={box} data-testid="object-gallery" aria-label="Objects" tabIndex={-1}>
      <li className="object-space" style={{ height: first * cardPx }} aria-hidden />
      {listed.slice(first * perRow, end * perRow).map((object) => {
        const described = describe(object);
        return (
          <li key={object.key} className="object-card" style={{ height: cardPx }}>
            <button
              type="button"
              className="choice"
              aria-current={described.isCurrent}
              aria-label={titleOf(described)}
              {...tip(titleOf(described))}
              data-state={described.state}
              data-marked={described.isMarked}
              onClick={(event) => {
                objects.select(object.key);
                if (event.shiftKey) objects.mark(object.key);
              }}
            >
              <Thumbnail object={object} state={state} colour={described.colour} />
              <span className="object-caption">
                <span className="figure">{formatFraction(object.confidence)}</span>
                <StateIcon state={described.state} />
              </span>
            </button>
          </li>
        );
      })}
      <li className="object-space" style={{ height: Math.max(0, rows - end) * cardPx }} aria-hidden />
    </ul>
  );
}

interface ThumbnailProps {
  readonly object: MapObject;
  readonly state: ObjectsState;
  readonly colour: string;
}

function Thumbnail({ object, state, colour }: ThumbnailProps): React.JSX.Element {
  const { slides, store } = useWorkbench();
  const canvas = useRef<HTMLCanvasElement>(null);
  const { scale, source } = state;
  const { slide } = source;
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const controller = new AbortController();
    element.width = element.height = Math.round(picturePx * Math.min(2, window.devicePixelRatio));
    const square = squareAround(object, scale, element.width / 2);
    const draw = async (): Promise<void> => {
      const look = tileLook(store.getState());
      await drawSquare(element, square, slide, slides.client, look, controller.signal);
      const context = element.getContext('2d');
      if (context === null || controller.signal.aborted) return;
      const by = element.width / square.width;
      context.beginPath();
      for (const { outer, holes } of polygonsOf(object, scale, outlineTolerance)) {
        for (const ring of [outer, ...holes]) {
          for (let i = 0; i < ring.length; i += 2) {
            const to = i === 0 ? 'moveTo' : 'lineTo';
            context[to](((ring[i] ?? 0) - square.x) * by, ((ring[i + 1] ?? 0) - square.y) * by);
          }
          context.closePath();
        }
      }
      // A dark casing under the class colour, visible on any ground.
      context.strokeStyle = 'rgb(16 16 16 / 75%)';
      context.lineWidth = 3.5;
      context.stroke();
      context.strokeStyle = colour;
      context.lineWidth = 2;
      context.stroke();
    };
    // Not while the list is scrolled past it.
    const timer = window.setTimeout(() => void draw(), 60);
    return () => {
      window.clearTimeout(timer);
      controller.abort();
    };
  }, [object, scale, slide, colour, slides, store]);
  return <canvas ref={canvas} className="object-picture" aria-hidden />;
}

/** The slides of the project: rows of equal height, of which only those in view are on the page. */
import { BadgeCheck, Image, TriangleAlert } from 'lucide-react';
import { memo, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { ProjectSlide } from '../../project/project.ts';
import { confidenceOf, stateOf, stateTitles, tissueOf } from '../../project/slide-list.ts';
import type { SlideState } from '../../project/slide-list.ts';
import { formatArea, formatShare } from '../format.ts';
import { wholeProgress } from '../state/run-state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { listedSlides, openProjectSlide } from './project-state.ts';
import type { ProjectState } from './project-state.ts';
import { tip } from '../frame/tip.ts';

/** CSS pixels. */
const rowHeight = 52;
/** Rows beyond the view that are on the page. */
const beyond = 4;

export function ProjectSlideList({ project }: { readonly project: ProjectState }): React.JSX.Element {
  const workbench = useWorkbench();
  const list = listedSlides(project);
  const current = useApp(openProjectSlide)?.id ?? null;
  const { cursor } = project;
  const view = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const { first, last } = useRowsInView(view, list.length);
  const shown = list.slice(first, last);
  const reachable = focused ?? cursor;
  // Of the rows on the page, one is reached by Tab.
  const tabRow = shown.some(({ id }) => id === reachable) ? reachable : (shown[0]?.id ?? null);
  const cursorAt = list.findIndex(({ id }) => id === cursor);

  useEffect(() => {
    workbench.project.thumbnails.want(list.slice(first, last).map(({ id }) => id));
  }, [workbench, list, first, last, project.access]);

  useLayoutEffect(() => {
    if (cursorAt >= 0) scrollToRow(view.current, cursorAt);
  }, [cursor, cursorAt]);

  const move = (event: React.KeyboardEvent, id: string): void => {
    const at = list.findIndex((slide) => slide.id === id);
    const rows = Math.max(1, Math.floor((view.current?.clientHeight ?? 0) / rowHeight));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 }[event.key];
    if (to === undefined || rows === 0) return;
    event.preventDefault();
    const next = list[Math.min(list.length - 1, Math.max(0, to))];
    if (next === undefined) return;
    scrollToRow(view.current, list.indexOf(next));
    setFocused(next.id);
    // Once the row is on the page.
    requestAnimationFrame(() =>
      view.current?.querySelector<HTMLElement>(`[data-slide="${next.id}"]`)?.focus(),
    );
  };

  return (
    <div className="project-list" ref={view} data-testid="project-list" tabIndex={-1}>
      {list.length === 0 && project.slides.length > 0 && <p className="hint">No slides match.</p>}
      <ul style={{ height: list.length * rowHeight }} aria-label="Slides of the project">
        {shown.map((slide, i) => (
          <SlideRow
            key={slide.id}
            slide={slide}
            state={stateOf(slide, project.running)}
            isThere={project.found.has(slide.id) || project.access !== 'open'}
            isCurrent={slide.id === current}
            isReached={slide.id === tabRow}
            at={first + i}
            of={list.length}
            onKeyDown={move}
            onFocus={setFocused}
          />
        ))}
      </ul>
    </div>
  );
}

/** The rows to draw: those in view and some beyond. */
function useRowsInView(
  view: React.RefObject<HTMLDivElement | null>,
  rows: number,
): { readonly first: number; readonly last: number } {
  const [range, setRange] = useState({ first: 0, last: 2 * beyond });
  useLayoutEffect(() => {
    const element = view.current;
    if (element === null) return;
    const measure = (): void => {
      const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - beyond);
      const last = Math.min(rows, Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + beyond);
      setRange((known) => (known.first === first && known.last === last ? known : { first, last }));
    };
    measure();
    element.addEventListener('scroll', measure, { passive: true });
    const observer = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(measure);
    observer?.observe(element);
    return () => {
      element.removeEventListener('scroll', measure);
      observer?.disconnect();
    };
  }, [view, rows]);
  return range;
}

function scrollToRow(view: HTMLDivElement | null, at: number): void {
  if (view === null) return;
  const top = at * rowHeight;
  if (top < view.scrollTop) view.scrollTop = top;
  else if (top + rowHeight > view.scrollTop + view.clientHeight) {
    view.scrollTop = top + rowHeight - view.clientHeight;
  }
}

interface SlideRowProps {
  readonly slide: ProjectSlide;
  readonly state: SlideState;
  /** Whether its file was found. */
  readonly isThere: boolean;
  readonly isCurrent: boolean;
  readonly isReached: boolean;
  /** Place in the list, from 0, and its length. */
  readonly at: number;
  readonly of: number;
  readonly onKeyDown: (event: React.KeyboardEvent, id: string) => void;
  readonly onFocus: (id: string) => void;
}

const SlideRow = memo(function SlideRow(props: SlideRowProps): React.JSX.Element {
  const { slide, state, isThere, isCurrent, isReached, at, of, onKeyDown, onFocus } = props;
  const { project } = useWorkbench();
  const thumbnail = useSyncExternalStore(project.thumbnails.subscribe, () => project.thumbnails.of(slide.id));
  const problem = isThere ? (slide.failure?.problem ?? null) : 'Not in the folder';
  return (
    <li style={{ top: at * rowHeight }} aria-setsize={of} aria-posinset={at + 1}>
      <button
        type="button"
        className="project-row"
        aria-current={isCurrent}
        tabIndex={isReached ? 0 : -1}
        data-slide={slide.id}
        data-state={state}
        {...tip(problem === null ? slide.path : `${slide.path}: ${problem}`)}
        onClick={() => void project.open(slide.id)}
        onKeyDown={(event) => onKeyDown(event, slide.id)}
        onFocus={() => onFocus(slide.id)}
      >
        <span className="project-thumb">
          {thumbnail === null ? <Image size={16} aria-hidden /> : <img src={thumbnail} alt="" />}
        </span>
        <span className="project-row-text">
          <span className="project-name">{slide.name}</span>
          <span className="choice-detail">
            {problem !== null && <TriangleAlert size={12} className="warning-text" aria-hidden />}
            {slide.reviewed && <BadgeCheck size={12} className="project-check" aria-hidden />}
            <StateText slide={slide} state={state} problem={problem} />
          </span>
        </span>
      </button>
    </li>
  );
});

interface StateTextProps {
  readonly slide: ProjectSlide;
  readonly state: SlideState;
  readonly problem: string | null;
}

function StateText({ slide, state, problem }: StateTextProps): React.JSX.Element {
  const share = useApp(({ run }) => {
    if (state !== 'running' || run?.background === undefined) return null;
    const { done, total } = wholeProgress(run);
    return total === 0 ? null : Math.floor((100 * done) / total);
  });
  if (state === 'running') return <>{share === null ? 'Preparing…' : `Running · ${share} %`}</>;
  if (problem !== null) return <span className="project-problem">{problem}</span>;
  const area = tissueOf(slide);
  const confidence = confidenceOf(slide);
  const title = stateTitles[state];
  if (area === null) return <>{[title, slide.caseNumber].filter((part) => part !== '').join(' · ')}</>;
  const parts = [
    formatArea(area * 1e6),
    ...(confidence === null ? [] : [`conf. ${formatShare(confidence)}`]),
    ...(slide.caseNumber === '' ? [] : [slide.caseNumber]),
  ];
  // Figures say that it is segmented.
  return (
    <span className="project-figures">
      <span className={state === 'queued' ? undefined : 'visually-hidden'}>{title} · </span>
      {parts.join(' · ')}
    </span>
  );
}

/** How actions change the open slide. Pure. */
import type { ChannelView } from '../../slide/channels/channel-view.ts';
import type { SlideMetadata, SlideMpp } from '../../slide/slide.ts';
import { initialAnnotate, reduceAnnotate } from '../annotate/annotate-state.ts';
import type { AnnotateState } from '../annotate/annotate-state.ts';
import type { SlideChoice } from './slide-list.ts';
import type { AppState, OpenSlide } from './state.ts';
import { withToolAlone } from './tools.ts';
import type { Tool } from './tools.ts';

/** What is known of a slide when it has opened. */
export interface OpenedSlide {
  /** The worker's number for the slide. */
  readonly slideId: number;
  readonly choice: SlideChoice;
  readonly metadata: SlideMetadata;
  readonly userMpp: SlideMpp | null;
  readonly channels?: ChannelView | null;
}

/** Changes the open slide. Returns the same state without a slide, or if `change` returns null. */
export function changeSlide(
  state: AppState,
  change: (slide: OpenSlide) => Partial<OpenSlide> | null,
): AppState {
  const changed = state.slide === null ? null : change(state.slide);
  return state.slide === null || changed === null
    ? state
    : { ...state, slide: { ...state.slide, ...changed } };
}

/** As `changeSlide`; if the change takes `tool` up, all others are put down. */
export function changeTool(
  state: AppState,
  tool: Tool,
  change: (slide: OpenSlide) => Partial<OpenSlide> | null,
): AppState {
  const changed = changeSlide(state, change);
  if (changed.slide === null || changed === state) return changed;
  // Another tool may be the first that `toolInHand` finds: what was taken up is what this change is of.
  const isTaken = {
    annotate: changed.slide.annotate.tool !== null && state.slide?.annotate.tool === null,
    area: changed.slide.drawing !== null,
    measure: changed.slide.measure !== null,
    'known-length': changed.slide.calibration !== null,
    split: changed.slide.splitting !== null,
  };
  return isTaken[tool] ? { ...changed, slide: withToolAlone(changed.slide, tool) } : changed;
}

/** State of a newly opened slide. Of the previous annotation state, only view settings carry over. */
export function openedSlide(
  { slideId, choice, metadata, userMpp, channels = null }: OpenedSlide,
  former: AnnotateState,
): OpenSlide {
  return {
    slideId,
    choice,
    metadata,
    userMpp,
    earlierMpp: [],
    area: null,
    drawing: null,
    measure: null,
    calibration: null,
    bookmarks: [],
    corrections: [],
    splitting: null,
    annotate: reduceAnnotate(former, { kind: 'reset', annotations: [] }),
    overview: null,
    channels,
    darkBackground: null,
  };
}

/** State of a slide that is open without being shown. */
export function hiddenSlide(opened: OpenedSlide): OpenSlide {
  return openedSlide(opened, initialAnnotate);
}

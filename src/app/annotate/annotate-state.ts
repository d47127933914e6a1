/** Annotations of the open slide, the tool that draws them, and what of the ground truth is known. */
import type { Point } from '../viewer/affine.ts';
import { hasFiniteCoordinates } from './annotation.ts';
import type { Annotation } from './annotation.ts';

export type AnnotateTool = 'select' | 'rectangle' | 'polygon' | 'freehand';

/** A label of the ground truth, and what it counts as. */
export interface TruthLabel {
  /** Empty for regions without one. */
  readonly label: string;
  readonly regions: number;
  /** Name of a class; null leaves the label's regions out. */
  readonly className: string | null;
}

/** The ground truth of the open slide, as the interface shows it. */
export interface TruthSummary {
  readonly source: 'file' | 'drawn';
  /** The file's name; empty for what was drawn. */
  readonly name: string;
  readonly labels: readonly TruthLabel[];
  /** The classes that labels are mapped to. */
  readonly classNames: readonly string[];
  /** What lies outside of every region: the background class, or not counted at all. */
  readonly outside: 'background' | 'not-counted';
  /** Cells of its class map that are painted, 0 to 1; below 1 it is still being painted. */
  readonly done: number;
}

export interface AnnotateState {
  /** In drawing order: later ones lie over earlier ones. */
  readonly annotations: readonly Annotation[];
  readonly visible: boolean;
  readonly selected: string | null;
  /** Corner of the selected annotation that keys move. */
  readonly vertex: number;
  readonly tool: AnnotateTool | null;
  /** Points of what is being drawn. */
  readonly draft: readonly Point[];
  /** The label that new annotations get. */
  readonly label: string;
  readonly past: readonly (readonly Annotation[])[];
  readonly future: readonly (readonly Annotation[])[];
  readonly truth: TruthSummary | null;
  /** Whether outlines of the truth are drawn over other layers. */
  readonly truthOutline: boolean;
}

export type AnnotateAction =
  /** Replaces all annotations, without a history. */
  | { readonly kind: 'reset'; readonly annotations: readonly Annotation[] }
  /** What is kept of the slide has been read: it goes below what was drawn meanwhile, without a history. */
  | { readonly kind: 'loaded'; readonly annotations: readonly Annotation[] }
  | { readonly kind: 'tool'; readonly tool: AnnotateTool | null }
  | { readonly kind: 'draft'; readonly points: readonly Point[] }
  | { readonly kind: 'label'; readonly label: string }
  | { readonly kind: 'visible'; readonly visible: boolean }
  | { readonly kind: 'select'; readonly id: string | null; readonly vertex?: number }
  /** Shapes with coordinates that are not finite are refused. */
  | { readonly kind: 'add'; readonly annotations: readonly Annotation[] }
  | {
      readonly kind: 'change';
      readonly id: string;
      readonly change: (annotation: Annotation) => Annotation;
      /** Part of the change before it, as while a corner is dragged: undone together with it. */
      readonly continues?: boolean;
    }
  | { readonly kind: 'delete'; readonly ids: readonly string[] }
  | { readonly kind: 'undo' }
  | { readonly kind: 'redo' }
  | { readonly kind: 'truth'; readonly truth: TruthSummary | null }
  | { readonly kind: 'truth-outline'; readonly shown: boolean };

export const initialAnnotate: AnnotateState = {
  annotations: [],
  visible: true,
  selected: null,
  vertex: 0,
  tool: null,
  draft: [],
  label: '',
  past: [],
  future: [],
  truth: null,
  truthOutline: true,
};

/** Steps that can be undone. */
const maxPast = 200;

export function selectedAnnotation({ annotations, selected }: AnnotateState): Annotation | null {
  return annotations.find(({ id }) => id === selected) ?? null;
}

export function reduceAnnotate(state: AnnotateState, action: AnnotateAction): AnnotateState {
  switch (action.kind) {
    case 'reset':
      return {
        ...initialAnnotate,
        visible: state.visible,
        truthOutline: state.truthOutline,
        label: state.label,
        annotations: action.annotations,
      };
    case 'loaded': {
      const taken = new Set(action.annotations.map(({ id }) => id));
      let free = 1;
      const drawn = state.annotations.map((annotation) => {
        if (!taken.has(annotation.id)) return annotation;
        while (taken.has(String(free))) free++;
        taken.add(String(free));
        return { ...annotation, id: String(free) };
      });
      return {
        ...state,
        annotations: [...action.annotations, ...drawn],
        past: [],
        future: [],
        selected: null,
      };
    }
    case 'tool':
      return { ...state, tool: action.tool, draft: [], visible: state.visible || action.tool !== null };
    case 'draft':
      return { ...state, draft: action.points };
    case 'label':
      return { ...state, label: action.label };
    case 'visible':
      return { ...state, visible: action.visible };
    case 'select':
      return { ...state, selected: action.id, vertex: action.vertex ?? 0 };
    case 'add': {
      const added = action.annotations.filter(hasFiniteCoordinates);
      if (added.length === 0) return { ...state, draft: [] };
      return {
        ...step(state, [...state.annotations, ...added]),
        draft: [],
        selected: added.at(-1)?.id ?? state.selected,
        vertex: 0,
      };
    }
    case 'change': {
      const { id, change } = action;
      const annotations = state.annotations.map((each) => {
        const changed = each.id === id ? change(each) : each;
        return hasFiniteCoordinates(changed) ? changed : each;
      });
      if (annotations.every((each, i) => each === state.annotations[i])) return state;
      const next = action.continues === true ? { ...state, annotations } : step(state, annotations);
      const corners = (annotations.find((each) => each.id === id)?.outer.length ?? 2) / 2;
      return { ...next, vertex: Math.min(next.vertex, corners - 1) };
    }
    case 'delete': {
      const rest = state.annotations.filter(({ id }) => !action.ids.includes(id));
      return rest.length === state.annotations.length ? state : unselect(step(state, rest));
    }
    case 'undo': {
      const annotations = state.past.at(-1);
      if (annotations === undefined) return state;
      const future = [state.annotations, ...state.future];
      return unselect({ ...state, annotations, past: state.past.slice(0, -1), future });
    }
    case 'redo': {
      const [annotations, ...future] = state.future;
      if (annotations === undefined) return state;
      return unselect({ ...state, annotations, past: [...state.past, state.annotations], future });
    }
    case 'truth':
      return { ...state, truth: action.truth };
    case 'truth-outline':
      return { ...state, truthOutline: action.shown };
  }
}

function step(state: AnnotateState, annotations: readonly Annotation[]): AnnotateState {
  return { ...state, annotations, past: [...state.past, state.annotations].slice(-maxPast), future: [] };
}

/** What is selected must be there. */
function unselect(state: AnnotateState): AnnotateState {
  return selectedAnnotation(state) === null
    ? { ...state, selected: null, vertex: 0 }
    : { ...state, vertex: 0 };
}

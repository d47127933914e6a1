/** State of annotating: annotations of the open slide, drawing tool, undo history and ground truth. Pure. */
import type { Point } from '../viewer/affine.ts';
import { hasFiniteCoordinates } from './annotation.ts';
import type { Annotation } from './annotation.ts';

export type AnnotateTool = 'select' | 'rectangle' | 'polygon' | 'freehand';

/** A label of the ground truth and the class it maps to. */
export interface TruthLabel {
  /** Empty for regions without one. */
  readonly label: string;
  readonly regions: number;
  /** Class name; null ignores the label's regions. */
  readonly className: string | null;
}

/** Summary of the ground truth of the open slide. */
export interface TruthSummary {
  readonly source: 'file' | 'drawn';
  /** The file's name; empty for what was drawn. */
  readonly name: string;
  readonly labels: readonly TruthLabel[];
  /** The classes that labels are mapped to. */
  readonly classNames: readonly string[];
  /** How unannotated tissue counts: as the background class, or not at all. */
  readonly outside: 'background' | 'not-counted';
  /** Painted share of its class map, 0 to 1. */
  readonly done: number;
}

export interface AnnotateState {
  /** In drawing order: later ones are on top. */
  readonly annotations: readonly Annotation[];
  readonly visible: boolean;
  readonly selected: string | null;
  /** Index of the corner of the selected annotation that arrow keys move. */
  readonly vertex: number;
  readonly tool: AnnotateTool | null;
  /** Points of the shape being drawn. */
  readonly draft: readonly Point[];
  /** Label of new annotations. */
  readonly label: string;
  readonly past: readonly (readonly Annotation[])[];
  readonly future: readonly (readonly Annotation[])[];
  readonly truth: TruthSummary | null;
  /** Whether truth outlines are drawn over other layers. */
  readonly truthOutline: boolean;
}

export type AnnotateAction =
  /** Replaces all annotations and clears the history. */
  | { readonly kind: 'reset'; readonly annotations: readonly Annotation[] }
  /** Adds saved annotations below those drawn while they were loading, and clears the history. */
  | { readonly kind: 'loaded'; readonly annotations: readonly Annotation[] }
  | { readonly kind: 'tool'; readonly tool: AnnotateTool | null }
  | { readonly kind: 'draft'; readonly points: readonly Point[] }
  | { readonly kind: 'label'; readonly label: string }
  | { readonly kind: 'visible'; readonly visible: boolean }
  | { readonly kind: 'select'; readonly id: string | null; readonly vertex?: number }
  /** Ignores shapes with coordinates that are not finite. */
  | { readonly kind: 'add'; readonly annotations: readonly Annotation[] }
  | {
      readonly kind: 'change';
      readonly id: string;
      readonly change: (annotation: Annotation) => Annotation;
      /** Continues the previous change, as while dragging a corner; both are undone together. */
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

/** Undo limit, steps. */
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

/** Clears the selection if the selected annotation is gone. */
function unselect(state: AnnotateState): AnnotateState {
  return selectedAnnotation(state) === null
    ? { ...state, selected: null, vertex: 0 }
    : { ...state, vertex: 0 };
}

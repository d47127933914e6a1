/** State of annotating: annotations of the open slide, drawing tool, undo history and ground truth. Pure. */
import type { Point } from '../viewer/affine.ts';
import { hasValidCoordinates } from '../../annotation/annotation-file.ts';
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

/** Whether annotations of the open slide reach the disk. */
export type Saving =
  | { readonly kind: 'saved' }
  /** Writing fails, and is tried again. */
  | { readonly kind: 'failing'; readonly reason: string }
  /** Saved annotations could not be read; nothing is written. */
  | { readonly kind: 'unread'; readonly reason: string };

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
  readonly saving: Saving;
}

export type AnnotateAction =
  /** Replaces all annotations and clears the history. */
  | { readonly kind: 'reset'; readonly annotations: readonly Annotation[] }
  /** Replaces all annotations, as a step that can be undone. */
  | { readonly kind: 'replace'; readonly annotations: readonly Annotation[] }
  /** Takes over changes of another tab. `annotations` are all there are now; undo does not revert the changes. */
  | { readonly kind: 'merge'; readonly annotations: readonly Annotation[] }
  /** Adds saved annotations below those drawn while they were loading, and clears the history. */
  | { readonly kind: 'loaded'; readonly annotations: readonly Annotation[] }
  | { readonly kind: 'tool'; readonly tool: AnnotateTool | null }
  | { readonly kind: 'draft'; readonly points: readonly Point[] }
  | { readonly kind: 'label'; readonly label: string }
  | { readonly kind: 'visible'; readonly visible: boolean }
  | { readonly kind: 'select'; readonly id: string | null; readonly vertex?: number }
  /** Ignores shapes with invalid coordinates. */
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
  | { readonly kind: 'truth-outline'; readonly shown: boolean }
  | { readonly kind: 'saving'; readonly saving: Saving };

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
  truthOutline: false,
  saving: { kind: 'saved' },
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
    case 'replace':
      return unselect({
        ...step(state, action.annotations.filter(hasValidCoordinates)),
        selected: null,
        draft: [],
      });
    case 'merge':
      return merge(state, action.annotations);
    case 'loaded':
      return {
        ...state,
        annotations: [...action.annotations, ...state.annotations],
        past: [],
        future: [],
        selected: null,
      };
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
      const added = action.annotations.filter(hasValidCoordinates);
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
        return hasValidCoordinates(changed) ? changed : each;
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
    case 'saving':
      return { ...state, saving: action.saving };
  }
}

function step(state: AnnotateState, annotations: readonly Annotation[]): AnnotateState {
  return { ...state, annotations, past: [...state.past, state.annotations].slice(-maxPast), future: [] };
}

/** Applies changes of another tab to the present and to all of the history, so that undo reverts own changes only. */
function merge(state: AnnotateState, annotations: readonly Annotation[]): AnnotateState {
  const before = new Map(state.annotations.map((each) => [each.id, each]));
  const after = new Map(annotations.map((each) => [each.id, each]));
  const changed = new Map(
    annotations.filter((each) => before.get(each.id) !== each).map((each) => [each.id, each]),
  );
  const removed = new Set(state.annotations.filter(({ id }) => !after.has(id)).map(({ id }) => id));
  if (changed.size === 0 && removed.size === 0) return state;
  const applied = (list: readonly Annotation[]): readonly Annotation[] => {
    const known = new Set(list.map(({ id }) => id));
    const rest = list.filter(({ id }) => !removed.has(id)).map((each) => changed.get(each.id) ?? each);
    return [...rest, ...[...changed.values()].filter(({ id }) => !known.has(id))];
  };
  // Steps that changed nothing but what the other tab has changed since are no steps any more.
  const past = state.past
    .map(applied)
    .filter((each, at, all) => !isSameList(each, all[at + 1] ?? annotations));
  const future = state.future
    .map(applied)
    .filter((each, at, all) => !isSameList(each, all[at - 1] ?? annotations));
  return unselect({ ...state, annotations, past, future });
}

function isSameList(one: readonly Annotation[], other: readonly Annotation[]): boolean {
  if (one.length !== other.length) return false;
  const others = new Set(other);
  return one.every((each) => others.has(each));
}

/** Clears the selection if the selected annotation is gone. */
function unselect(state: AnnotateState): AnnotateState {
  return selectedAnnotation(state) === null
    ? { ...state, selected: null, vertex: 0 }
    : { ...state, vertex: 0 };
}

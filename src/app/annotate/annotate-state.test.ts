import { describe, expect, it } from 'vitest';
import {
  annotationAt,
  annotationArea,
  rectangleRing,
  simplifyLine,
  vertexAt,
  withVertex,
  withVertexAfter,
  withoutVertex,
} from './annotation.ts';
import type { Annotation } from './annotation.ts';
import { initialAnnotate, reduceAnnotate } from './annotate-state.ts';
import type { AnnotateAction, AnnotateState } from './annotate-state.ts';

const box = (id: string, x: number, side: number): Annotation => ({
  id,
  label: 'benign',
  outer: rectangleRing({ x, y: 0 }, { x: x + side, y: side }),
  holes: [],
});

const after = (...actions: AnnotateAction[]): AnnotateState =>
  actions.reduce(reduceAnnotate, initialAnnotate);
const ids = (state: AnnotateState): string[] => state.annotations.map(({ id }) => id);

describe('annotations', () => {
  const add: AnnotateAction = { kind: 'add', annotations: [box('a', 0, 10), box('b', 5, 10)] };

  it('are undone and done again, one step each', () => {
    const moved: AnnotateAction = {
      kind: 'change',
      id: 'a',
      change: (each) => withVertex(each, 0, { x: -3, y: 0 }),
    };
    const state = after(add, moved, { kind: 'delete', ids: ['b'] });
    expect(ids(state)).toEqual(['a']);
    const back = reduceAnnotate(state, { kind: 'undo' });
    expect(ids(back)).toEqual(['a', 'b']);
    const original = reduceAnnotate(back, { kind: 'undo' });
    expect(original.annotations[0]?.outer[0]).toBe(0);
    const again = reduceAnnotate(reduceAnnotate(original, { kind: 'redo' }), { kind: 'redo' });
    expect(again.annotations).toEqual(state.annotations);
    expect(reduceAnnotate(again, { kind: 'redo' })).toBe(again);
  });

  it('undoes a drag as one step, regardless of the number of moves', () => {
    const move = (x: number, continues: boolean): AnnotateAction => ({
      kind: 'change',
      id: 'a',
      change: (each) => withVertex(each, 0, { x, y: 0 }),
      continues,
    });
    const state = after(add, move(1, false), move(2, true), move(3, true), { kind: 'undo' });
    expect(state.annotations[0]?.outer[0]).toBe(0);
  });

  it('a new step forgets what was undone', () => {
    const state = after(add, { kind: 'undo' }, { kind: 'add', annotations: [box('c', 0, 1)] });
    expect(ids(state)).toEqual(['c']);
    expect(state.future).toEqual([]);
  });

  it('select nothing that is gone', () => {
    expect(after(add).selected).toBe('b');
    expect(after(add, { kind: 'undo' }).selected).toBeNull();
    expect(after(add, { kind: 'reset', annotations: [] }).past).toEqual([]);
  });
});

describe('shapes', () => {
  it('have areas without their holes', () => {
    const hole = rectangleRing({ x: 2, y: 2 }, { x: 4, y: 5 });
    expect(annotationArea({ outer: box('a', 0, 10).outer, holes: [hole] })).toBe(94);
  });

  it('are found by point, the last drawn first, and not in their holes', () => {
    const all = [box('a', 0, 10), box('b', 5, 10)];
    expect(annotationAt(all, { x: 7, y: 5 })?.id).toBe('b');
    expect(annotationAt(all, { x: 2, y: 5 })?.id).toBe('a');
    expect(annotationAt(all, { x: 20, y: 5 })).toBeNull();
    const ring = { ...box('c', 0, 10), holes: [rectangleRing({ x: 2, y: 2 }, { x: 8, y: 8 })] };
    expect(annotationAt([ring], { x: 5, y: 5 })).toBeNull();
  });

  it('have corners that can be found, added and taken away, down to three', () => {
    const shape = box('a', 0, 10);
    expect(vertexAt(shape, { x: 9, y: 9 }, 2)).toBe(2);
    expect(vertexAt(shape, { x: 5, y: 5 }, 2)).toBeNull();
    const more = withVertexAfter(shape, 3);
    expect(more.outer.slice(-2)).toEqual([0, 5]);
    const less = withoutVertex(withoutVertex(shape, 0), 0);
    expect(less.outer).toHaveLength(6);
  });

  it('lines lose points that they do not need', () => {
    const line = [0, 1, 2, 3, 4].map((x) => ({ x, y: x === 3 ? 3 : x / 100 }));
    expect(simplifyLine(line, 0.5).map(({ x }) => x)).toEqual([0, 2, 3, 4]);
  });
});

describe('saved annotations', () => {
  it('go below those drawn while they were being read', () => {
    const drawn: AnnotateAction = { kind: 'add', annotations: [box('x', 50, 5)] };
    const state = after(drawn, { kind: 'loaded', annotations: [box('1', 0, 10), box('2', 5, 10)] });
    expect(ids(state)).toEqual(['1', '2', 'x']);
    expect(reduceAnnotate(state, { kind: 'undo' })).toBe(state);
  });

  it('that a session replaces come back with undo', () => {
    const state = after(
      { kind: 'add', annotations: [box('a', 0, 10)] },
      { kind: 'replace', annotations: [box('b', 0, 10), { ...box('n', 0, 1), outer: [NaN, 0, 1, 1, 2, 2] }] },
    );
    expect(ids(state)).toEqual(['b']);
    expect(state.selected).toBeNull();
    expect(ids(reduceAnnotate(state, { kind: 'undo' }))).toEqual(['a']);
  });
});

describe('changes of another tab', () => {
  const [a, b, c] = [box('a', 0, 10), box('b', 5, 10), box('c', 9, 10)];
  const theirs = box('b', 70, 10);

  it('are taken over, and undo reverts own changes only', () => {
    const mine = after(
      { kind: 'loaded', annotations: [a, b] },
      { kind: 'add', annotations: [c] },
      { kind: 'delete', ids: ['a'] },
    );
    const state = reduceAnnotate(mine, { kind: 'merge', annotations: [theirs, c, box('d', 1, 1)] });
    expect(ids(state)).toEqual(['b', 'c', 'd']);
    const undone = reduceAnnotate(state, { kind: 'undo' });
    expect(ids(undone)).toEqual(['a', 'b', 'c', 'd']);
    expect(undone.annotations[1]).toBe(theirs);
    expect(ids(reduceAnnotate(undone, { kind: 'undo' }))).toEqual(['a', 'b', 'd']);
    expect(reduceAnnotate(undone, { kind: 'redo' }).annotations).toEqual(state.annotations);
  });

  it('leave no empty steps in the history, and no selection of what is gone', () => {
    const mine = after({ kind: 'loaded', annotations: [a] }, { kind: 'add', annotations: [b] });
    const state = reduceAnnotate(mine, { kind: 'merge', annotations: [a] });
    expect(state).toMatchObject({ past: [], selected: null, annotations: [a] });
    expect(reduceAnnotate(state, { kind: 'merge', annotations: [a] })).toBe(state);
  });

  it('leave the shape being drawn alone', () => {
    const mine = after({ kind: 'tool', tool: 'polygon' }, { kind: 'draft', points: [{ x: 1, y: 1 }] });
    const state = reduceAnnotate(mine, { kind: 'merge', annotations: [a] });
    expect(state).toMatchObject({ tool: 'polygon', draft: [{ x: 1, y: 1 }] });
  });
});

describe('invalid coordinates', () => {
  it.each([Number.NaN, Infinity, -Infinity, 1e300])(
    'are refused when shapes are added or changed: %d',
    (value) => {
      const nowhere = { ...box('n', 0, 1), outer: [0, 0, value, 0, 1, 1] };
      const state = after({ kind: 'add', annotations: [box('a', 0, 10), nowhere] });
      expect(ids(state)).toEqual(['a']);
      const moved: AnnotateAction = {
        kind: 'change',
        id: 'a',
        change: (each) => withVertex(each, 0, { x: value, y: 0 }),
      };
      expect(reduceAnnotate(state, moved)).toBe(state);
      expect(after({ kind: 'add', annotations: [nowhere] }).past).toEqual([]);
    },
  );
});

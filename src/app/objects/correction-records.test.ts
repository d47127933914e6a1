import { expect, it } from 'vitest';
import { readRecord, toRecord } from '../annotate/annotation-record.ts';
import { settleForks } from '../annotate/settle-forks.ts';
import { SlideRecords } from '../annotate/slide-records.ts';
import type { Correction } from '../../objects/correction.ts';
import { CorrectionHistory } from './correction-history.ts';

const correction = (id: string, className = 'benign'): Correction => ({
  id,
  version: 1,
  layer: 'nano',
  place: 1,
  kind: 'review',
  verdict: 'accepted',
  className,
  shape: [[0, 0, 4, 0, 4, 4]],
});

it('are stored and read back as records of the slide', () => {
  const records = new SlideRecords('f', 'w');
  const one = correction('a');
  records.want({ annotations: [], bookmarks: [], truth: null, corrections: [one] });
  const changes = records.changes('correction')!;
  expect(changes.puts.map(({ key }) => key)).toEqual([['f', 'correction', 'a', 1, 'w']]);
  changes.written();
  const next = new SlideRecords('f', 'x');
  expect(next.load(changes.puts)).toEqual({ unreadable: [], dropped: 0 });
  expect(next.content().corrections).toEqual([one]);
  next.want({ annotations: [], bookmarks: [], truth: null });
  expect(next.changes('correction')?.deletes).toEqual([['f', 'correction', 'a', 1, 'w']]);
});

it('changed in two tabs at once: the later word counts, and it is said', () => {
  const records = ['benign', 'invasive'].map((className, i) =>
    toRecord(['f', 'correction', 'a', 1, `w${i}`], {
      kind: 'correction',
      correction: correction('a', className),
    }),
  );
  const { puts, deletes, overruled, doubled } = settleForks(records);
  expect([puts, overruled, doubled]).toEqual([[], 1, 0]);
  expect(deletes).toEqual([['f', 'correction', 'a', 1, 'w0']]);
});

it('that are damaged are not read', () => {
  expect(
    readRecord({ key: ['f', 'correction', 'a', 1, ''], value: { version: 1, kind: 'review' } }),
  ).toBeNull();
});

it('are undone and redone without touching what another tab has added', () => {
  const history = new CorrectionHistory();
  const [mine, changed, theirs] = [correction('a'), correction('a', 'invasive'), correction('b')];
  history.change([], [], [mine]);
  history.change([mine], [mine], [changed]);
  expect(history.undo([changed, theirs])).toEqual([theirs, mine]);
  expect(history.undo([theirs, mine])).toEqual([theirs]);
  expect(history.undo([theirs])).toBeNull();
  expect(history.redo([theirs])).toEqual([theirs, mine]);
});

/** The unfinished work of `dualscope segment` on disk: what is there already and what is still to do. */
import { SliceJournal, type JournalHead } from '../export/slice-journal.node.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { SliceQueue } from '../segment/queue.ts';
import { CommandError } from './command.ts';
import {
  isOfRun,
  isWhole,
  readResult,
  removeResults,
  resultFile,
  type SegmentResult,
} from './segment-result.ts';

export interface ResultPlace {
  /** Folder and beginning of every file's name. */
  readonly prefix: string;
  readonly head: JournalHead;
  readonly simplifyUm: number;
}

export type StartMode = 'fresh' | 'resume' | 'overwrite';

/** What --resume and --overwrite ask for. */
export function startMode(call: { readonly resume?: boolean; readonly overwrite?: boolean }): StartMode {
  return call.overwrite === true ? 'overwrite' : call.resume === true ? 'resume' : 'fresh';
}

/** Where unfinished work waits. */
export function journalFile(prefix: string): string {
  return `${prefix}.slices`;
}

/** Results are there, and the call does not say what to do with them. */
export function resultsInTheWay(path: string): CommandError {
  return new CommandError(
    `${path}: Results are there already. Keep them with --resume, or replace them with --overwrite.`,
  );
}

/** The results that are there are none that this call could have made. */
export function resultsOfAnother(path: string): CommandError {
  return new CommandError(
    `${path}: These results are of another slide, model or grid of the same name. ` +
      'Replace them with --overwrite, or give another --out.',
  );
}

/** A run that was not finished is there, and the call does not say what to do with it. */
export function unfinishedRun(path: string, slices: number): CommandError {
  return new CommandError(
    `${path}: An unfinished run is there, ${slices} slices done. Go on with --resume, or begin anew with --overwrite.`,
  );
}

/**
 * Opens the journal that slices go to, or gives the result when all is done.
 * @throws CommandError when something is there that the call does not say what to do with.
 */
export async function startOrResume(
  place: ResultPlace,
  mode: StartMode,
): Promise<{ readonly finished: SegmentResult } | { readonly journal: SliceJournal }> {
  const { prefix, head, simplifyUm } = place;
  const journalPath = journalFile(prefix);
  const old = await readResult(prefix);
  if (old !== null && mode !== 'overwrite') {
    if (mode === 'fresh') throw resultsInTheWay(resultFile(prefix));
    if (await isWhole(old, head.key, simplifyUm)) return { finished: old };
    if (!isOfRun(old, head.key, simplifyUm)) throw resultsOfAnother(resultFile(prefix));
  }
  if (mode === 'overwrite') await removeResults(prefix);
  else {
    const resumed = SliceJournal.resume(journalPath, head);
    if (resumed !== null) {
      if (mode === 'resume') return { journal: resumed };
      const { size } = resumed;
      resumed.close();
      throw unfinishedRun(journalPath, size);
    }
  }
  return { journal: SliceJournal.create(journalPath, head) };
}

/**
 * The slices that are still to be done, as a queue of the plan. Where slices overlap, those around an
 * unfinished one are done again, because it is blended with them.
 */
export function unfinishedSlices(plan: SlicePlan, journal: SliceJournal): SliceQueue {
  const needed = new Set<string>();
  const reach = plan.marginPx > 0 ? 1 : 0;
  for (const { column, row } of plan.slices) {
    if (journal.has(column, row)) continue;
    for (let y = row - reach; y <= row + reach; y++) {
      for (let x = column - reach; x <= column + reach; x++) needed.add(`${x},${y}`);
    }
  }
  const queue = new SliceQueue(plan);
  for (const slice of plan.slices) if (!needed.has(`${slice.column},${slice.row}`)) queue.take(slice);
  return queue;
}

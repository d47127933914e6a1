/**
 * Two pages that change one annotation or bookmark at the same time leave two records of it. Here both become one of their
 * own. Pure.
 */
import { itemName, readRecord, toRecord } from './annotation-record.ts';
import type { Content, RecordKey, StoredRecord } from './annotation-record.ts';

/** Whether the first key is of a later change. Pages agree on it without asking each other. */
function isLater([, , , revision, writer]: RecordKey, [, , , other, otherWriter]: RecordKey): boolean {
  return revision === other ? writer > otherWriter : revision > other;
}

export interface SettledForks {
  readonly puts: readonly StoredRecord[];
  readonly deletes: readonly RecordKey[];
  /** Annotations and bookmarks of which both versions were kept. */
  readonly doubled: number;
  /** Corrections of objects of which only the later version was kept. */
  readonly overruled: number;
  /** Whether a version of the ground truth was replaced by a later one. */
  readonly truthReplaced: boolean;
}

/**
 * Settles items with several readable records: the latest keeps its id; earlier ones become items of their own.
 * Of ground truth and of corrections of objects only the latest stays: an object has one verdict. Unreadable records are left as they are.
 * @param records of one slide; all records of every item they name
 */
export function settleForks(records: readonly StoredRecord[]): SettledForks {
  const puts: StoredRecord[] = [];
  const deletes: RecordKey[] = [];
  let truthReplaced = false;
  let overruled = 0;
  const latest = new Map<string, StoredRecord>();
  for (const record of records) {
    if (readRecord(record) === null) continue;
    const name = itemName(record.key);
    const other = latest.get(name);
    const [winner, loser] =
      other === undefined || isLater(record.key, other.key) ? [record, other] : [other, record];
    latest.set(name, winner);
    if (loser === undefined) continue;
    deletes.push(loser.key);
    const [kept, lost] = [readRecord(winner)?.content, readRecord(loser)?.content];
    if (kept === undefined || lost === undefined || isSame(kept, lost)) continue;
    const [fingerprint, kind, id, revision, writer] = loser.key;
    // The same id whichever page settles the fork.
    if (lost.kind === 'correction') overruled++;
    else if (lost.kind !== 'truth')
      puts.push(toRecord([fingerprint, kind, `${id}~${revision}${writer}`, 1, ''], lost));
    else truthReplaced = true;
  }
  return { puts, deletes, doubled: puts.length, overruled, truthReplaced };
}

function isSame(one: Content, other: Content): boolean {
  if (one.kind === 'annotation' && other.kind === 'annotation') {
    return JSON.stringify(one.annotation) === JSON.stringify(other.annotation);
  }
  if (one.kind === 'bookmark' && other.kind === 'bookmark') {
    return JSON.stringify(one.bookmark) === JSON.stringify(other.bookmark);
  }
  if (one.kind === 'correction' && other.kind === 'correction') {
    return JSON.stringify(one.correction) === JSON.stringify(other.correction);
  }
  if (one.kind !== 'truth' || other.kind !== 'truth') return false;
  const summary = ({ truth: { regions, ...rest } }: typeof one): string =>
    JSON.stringify({ ...rest, regions: regions.map(({ label, outer }) => [label, outer.length]) });
  return summary(one) === summary(other);
}

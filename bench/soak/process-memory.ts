/** Memory of a process and all its descendants, from /proc. Linux only. */
import { readFileSync, readdirSync } from 'node:fs';

/**
 * Proportional set size of a process tree, bytes: memory that several processes share counts once.
 * @returns null where the system has no /proc
 */
export function processTreeBytes(root: number): number | null {
  const parents = new Map<number, number>();
  try {
    for (const name of readdirSync('/proc')) {
      const pid = Number(name);
      // A process may end between two reads.
      if (Number.isInteger(pid)) parents.set(pid, parentOf(pid) ?? 0);
    }
  } catch {
    return null;
  }
  const isInTree = (pid: number): boolean => pid === root || (pid > 1 && isInTree(parents.get(pid) ?? 0));
  let kibibytes = 0;
  for (const pid of parents.keys()) if (isInTree(pid)) kibibytes += shareOf(pid);
  return kibibytes * 1024;
}

function parentOf(pid: number): number | null {
  const match = /^PPid:\s*(\d+)/m.exec(textOf(`/proc/${pid}/status`));
  return match === null ? null : Number(match[1]);
}

function shareOf(pid: number): number {
  return Number(/^Pss:\s*(\d+)/m.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

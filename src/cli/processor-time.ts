/** Processor time: what can be compared where other programs run. */
import { readFileSync } from 'node:fs';

export interface ProcessorTime {
  /** Seconds of all threads of this process. */
  readonly process: number;
  /** Seconds of the thread that runs JavaScript and wasm; null off Linux, which alone tells. */
  readonly mainThread: number | null;
}

/** The result of `work`, and the processor time that was spent until it was there. */
export async function withProcessorTime<T>(work: () => Promise<T>): Promise<[T, ProcessorTime]> {
  const processBefore = process.cpuUsage();
  const threadBefore = mainThreadSeconds();
  const result = await work();
  const threadAfter = mainThreadSeconds();
  const { user, system } = process.cpuUsage(processBefore);
  const mainThread = threadBefore === null || threadAfter === null ? null : threadAfter - threadBefore;
  return [result, { process: (user + system) / 1e6, mainThread }];
}

/** The first thread of a process has the process's number. */
function mainThreadSeconds(): number | null {
  try {
    const [nanoseconds = ''] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ');
    return Number(nanoseconds) / 1e9;
  } catch {
    return null;
  }
}

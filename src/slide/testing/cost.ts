/** What an action costs: the time of the processor, not of the clock, so that a busy machine fails no test. */

export interface Cost {
  readonly ms: number;
  /** Growth of the process, with what is not collected yet. */
  readonly bytes: number;
}

/** Largest growth is looked at every so many milliseconds. */
const sampleMs = 20;

/** Runs the action and measures it. Memory of synchronous work is only seen at its end. */
export async function costOf(action: () => Promise<unknown>): Promise<Cost> {
  const before = process.memoryUsage().rss;
  let most = before;
  const sample = (): void => {
    most = Math.max(most, process.memoryUsage().rss);
  };
  const timer = setInterval(sample, sampleMs);
  const start = process.cpuUsage();
  try {
    await action();
  } finally {
    clearInterval(timer);
    sample();
  }
  const { user, system } = process.cpuUsage(start);
  return { ms: (user + system) / 1000, bytes: most - before };
}

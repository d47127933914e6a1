/** Notices that the other side of a connection does not answer: a parser or a decoder that never ends. */

export interface HeartbeatOptions {
  /** Milliseconds without an answer; longer than any computation between two messages may take. */
  readonly deadlineMs: number;
  /** Called once; the watch has ended. */
  readonly onSilent: () => void;
}

/** What is watched; see `RpcClient`. */
interface Watched {
  readonly isBusy: boolean;
  ping(): Promise<void>;
}

/** Questions per deadline. */
const beats = 8;

/**
 * Asks the other side again and again while it works on a call, and calls `onSilent` when it has not answered for the
 * deadline. Time in which this thread itself stood still does not count.
 * @returns a function that ends the watch.
 */
export function watchHeartbeat(watched: Watched, { deadlineMs, onSilent }: HeartbeatOptions): () => void {
  const intervalMs = deadlineMs / beats;
  /** Milliseconds that a question has waited for its answer; null without one. */
  let waited: number | null = null;
  let last = performance.now();
  const end = (): void => clearInterval(timer);
  const timer = setInterval(() => {
    const now = performance.now();
    // A sleeping computer and a hidden page's timers: no more than one interval is sure to have been waited for.
    const passed = Math.min(now - last, intervalMs);
    last = now;
    if (waited !== null) {
      waited += passed;
      if (waited < deadlineMs) return;
      end();
      onSilent();
      return;
    }
    if (!watched.isBusy) return;
    waited = 0;
    watched.ping().then(
      () => (waited = null),
      // The connection has ended.
      end,
    );
  }, intervalMs);
  // Node: a watch does not keep the process alive.
  if (typeof timer === 'object') (timer as { unref?: () => void }).unref?.();
  return end;
}

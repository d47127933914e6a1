/** Notices that the other side of a connection does not answer: a parser or a decoder that never ends. */
import { countAwakeTime } from './awake-time.ts';

export interface HeartbeatOptions {
  /** Milliseconds without an answer; longer than any computation between two messages may take. */
  readonly deadlineMs: number;
  /** Milliseconds more that the present computation may take. 0 by default. */
  readonly moreMs?: () => number;
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
export function watchHeartbeat(
  watched: Watched,
  { deadlineMs, moreMs = () => 0, onSilent }: HeartbeatOptions,
): () => void {
  /** Milliseconds that a question has waited for its answer; null without one. */
  let waited: number | null = null;
  const end = countAwakeTime(deadlineMs / beats, (passed) => {
    if (waited !== null) {
      waited += passed;
      if (waited < deadlineMs + moreMs()) return;
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
  });
  return end;
}

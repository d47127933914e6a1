/** Events of a run on their way to the page. */
import type { CallContext } from '../base/rpc.ts';
import type { SegmentEvent } from '../segment/run-progress.ts';

/** Sends an event as progress of a call. Maps are transferred, not copied: the run has no further use for them. */
export function sendEvent(call: CallContext, event: SegmentEvent): void {
  if (event.kind !== 'slice') call.progress(event);
  else call.progress(event, [event.result.classes.buffer, event.result.confidence.buffer]);
}

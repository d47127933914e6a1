/** The engine's events as they cross to the page. */
import type { EngineEvent } from '../segment/engine.ts';
import { toErrorReport } from '../base/error-report.ts';
import type { SegmentEvent } from './protocol.ts';

/**
 * The event as it is sent. The maps are moved, not copied: the engine has no further use for them.
 * @param skipped slices of the area that are glass and are left out.
 */
export function toMessage(
  event: EngineEvent,
  skipped: number,
): { readonly message: SegmentEvent; readonly transfer: Transferable[] } {
  if (event.kind === 'broken-slice') {
    return { message: { ...event, error: toErrorReport(event.error) }, transfer: [] };
  }
  if (event.kind === 'planned') {
    return { message: skipped === 0 ? event : { ...event, skipped }, transfer: [] };
  }
  if (event.kind === 'progress' || event.kind === 'statistics') return { message: event, transfer: [] };
  const { classes, confidence } = event.result;
  return { message: event, transfer: [classes.buffer, confidence.buffer] };
}

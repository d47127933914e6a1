/** What `dualscope segment` does: plans, segments what is still to be done, writes the results. */
import { mkdir, rm } from 'node:fs/promises';
import type { Slide } from '../slide/slide.ts';
import { runEngine, type EngineCall } from './segment-engine.ts';
import { journalFile, startMode, startOrResume, unfinishedSlices } from './segment-files.ts';
import { planSegment, type PlanCall } from './segment-plan.ts';
import { writeResult, type SegmentResult } from './segment-result.ts';

/** What is to be segmented, and how; the options of the command. */
export interface SegmentCall extends PlanCall, EngineCall {
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly simplify: number;
}

/**
 * Segments what is still to be done and writes the results; gives those that are there when all is.
 * @throws CommandError when there is nothing to segment, results are in the way, or a signal stops the run; SlideError,
 * ModelError.
 */
export async function segmentToFiles(slide: Slide, call: SegmentCall): Promise<SegmentResult> {
  const planned = await planSegment(slide, call);
  const { plan, prefix, key } = planned;
  await mkdir(call.out, { recursive: true });
  const started = await startOrResume(
    { prefix, head: { key, cellPx: plan.cellPx }, simplifyUm: call.simplify },
    startMode(call),
  );
  if ('finished' in started) return { ...started.finished, computed: 0 };
  const { journal } = started;
  try {
    const { summary, backend } = await runEngine(slide, call, {
      plan,
      queue: unfinishedSlices(plan, journal),
      onCell: ({ index, classes, confidence }, isFinal) => {
        const place = plan.slices[index];
        if (place === undefined || !isFinal || journal.has(place.column, place.row)) return;
        journal.append(place.column, place.row, { classes, confidence });
      },
      kept: () => `${journal.size} of ${plan.slices.length}`,
    });
    const { seconds, stages } = summary;
    const run = { backend, slices: journal.size, computed: summary.slices, seconds, stages };
    const readCell = (column: number, row: number) => journal.read(column, row);
    const result = await writeResult(slide, planned, readCell, run, call.simplify);
    if (result.broken === 0) await rm(journalFile(prefix), { force: true });
    return result;
  } finally {
    journal.close();
  }
}

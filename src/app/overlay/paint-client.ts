/** The page's client of the painting worker, one for all panes. */
import { watchHeartbeat } from '../../base/heartbeat.ts';
import { connectWorker, type StartedWorker } from '../../base/worker-port.ts';
import { paintTiles } from './paint-service.ts';
import type { PaintApi } from './paint-service.ts';
import type { PaintStyle, TileJob, TilePicture } from './tile-paint.ts';

/** Milliseconds without an answer after which the worker counts as hanging. A screen takes a tenth of a second. */
const deadlineMs = 15_000;
/** Workers that may be lost before the page paints by itself. */
const mostLosses = 3;

let started: StartedWorker<PaintApi> | null = null;
let losses = 0;

/** null where workers are lost again and again. */
function worker(): StartedWorker<PaintApi> | null {
  if (started !== null || losses >= mostLosses) return started;
  const next = connectWorker<PaintApi>(
    new Worker(new URL('./paint-worker.ts', import.meta.url), { type: 'module', name: 'paint' }),
    'paint',
  );
  const endWatch = watchHeartbeat(next.rpc, {
    deadlineMs,
    onSilent: () =>
      next.rpc.fail({
        code: 'not-answering',
        file: '',
        problem: 'The overlay was not painted: its worker did not answer.',
        remedy: 'It is painted again.',
      }),
  });
  next.rpc.onFailure(() => {
    losses++;
    endWatch();
    next.terminate();
    if (started === next) started = null;
  });
  started = next;
  return next;
}

/** Paints in the worker, or here if it is lost. */
export async function paintInWorker(jobs: readonly TileJob[], style: PaintStyle): Promise<TilePicture[]> {
  const rpc = worker()?.rpc;
  if (rpc === undefined) return paintTiles(jobs, style);
  try {
    return await rpc.call('paint', [jobs, style]);
  } catch {
    return paintTiles(jobs, style);
  }
}

/** The page's client of the painting worker, one for all panes. */
import { connectWorker } from '../../base/worker-port.ts';
import { WatchedWorker } from '../../worker/watched-worker.ts';
import { paintTiles } from './paint-service.ts';
import type { PaintApi } from './paint-service.ts';
import type { PaintStyle, TileJob, TilePicture } from './tile-paint.ts';

/** Milliseconds without an answer after which the worker counts as hanging. A screen takes a tenth of a second. */
const deadlineMs = 15_000;

let worker: WatchedWorker<PaintApi> | null = null;

function watched(): WatchedWorker<PaintApi> {
  worker ??= new WatchedWorker<PaintApi>({
    start: () =>
      connectWorker<PaintApi>(
        new Worker(new URL('./paint-worker.ts', import.meta.url), { type: 'module', name: 'paint' }),
        'paint',
      ),
    deadlineMs,
    silenceReport: (seconds) => ({
      code: 'not-answering',
      file: '',
      problem: `The overlay was not painted: there was no answer for ${seconds} seconds.`,
      remedy: 'It is painted by the page itself, which is slower.',
    }),
  });
  return worker;
}

/** Paints in the worker, or here if it is lost. */
export async function paintInWorker(jobs: readonly TileJob[], style: PaintStyle): Promise<TilePicture[]> {
  try {
    return await watched().rpc.call('paint', [jobs, style]);
  } catch {
    return paintTiles(jobs, style);
  }
}

/**
 * A long run of the engine in its workers, as in the app, and the memory of the whole page during it: the heaps of page
 * and workers, as the browser counts them after garbage collection. Finished slices are dropped, as the app drops slices
 * that it has stored.
 */
import { createSegmentClient } from '../../src/worker/segment-client.ts';

interface Call {
  readonly slideUrl: string;
  readonly modelUrl: string;
  /** µm per pixel to assume; a larger value makes the slide larger. */
  readonly mpp: { readonly x: number; readonly y: number; readonly source: 'user' };
  /** Slices between two measurements. */
  readonly every: number;
}

interface Reading {
  readonly slices: number;
  readonly bytes: number;
}

type Measuring = Performance & {
  measureUserAgentSpecificMemory(): Promise<{ readonly bytes: number }>;
};

async function measure({ slideUrl, modelUrl, mpp, every }: Call): Promise<Reading[]> {
  const client = createSegmentClient();
  await client.initialise('wasm');
  const readings: Reading[] = [];
  let reading: Promise<void> | null = null;
  await client.segment(
    { slide: { kind: 'url', url: slideUrl }, modelUrl, area: null, mpp },
    {
      onEvent: (event) => {
        if (event.kind !== 'slice' && event.kind !== 'progress') return;
        const { done } = event;
        if (reading !== null || done < every * (readings.length + 1)) return;
        // The run waits, so that the measurement belongs to this number of slices.
        reading = client
          .setPaused(true)
          .then(() => (performance as Measuring).measureUserAgentSpecificMemory())
          .then(({ bytes }) => {
            readings.push({ slices: done, bytes });
            reading = null;
            return client.setPaused(false);
          });
      },
    },
  );
  client.terminate();
  return readings;
}

Object.assign(window, { measure });

/** The other side of `SampleThread`: opens the dataset, then answers each number with its sample, in order. */
import { parentPort, workerData } from 'node:worker_threads';
import { openSamples, type OpenSamples } from './open-samples.ts';
import type { Sample } from './sample.ts';
import type { SampleMessage } from './sample-thread.ts';

const port = parentPort;
if (port === null) throw new Error('This file is the entry of a thread.');

const post = (message: SampleMessage, transfer: readonly ArrayBuffer[] = []): void => {
  port.postMessage(message, transfer);
};

try {
  const samples = await openSamples(workerData as OpenSamples, (text) => {
    post({ kind: 'reading', text });
  });
  // One after another: the thread has one core, and the next samples in order are wanted first.
  let last = Promise.resolve();
  port.on('message', (number: number) => {
    last = last.then(async () => {
      try {
        const sample = await samples.sample(number);
        post({ kind: 'sample', number, sample }, buffersOf(sample));
      } catch (error) {
        post({ kind: 'broken', number, message: (error as Error).message });
      }
    });
  });
  post({ kind: 'ready' });
} catch (error) {
  post({ kind: 'failed', message: (error as Error).message });
}

function buffersOf({ slice, classes, context, contextClasses }: Sample): ArrayBuffer[] {
  return [slice, classes, context, contextClasses].flatMap((bytes) => (bytes === null ? [] : [bytes.buffer]));
}

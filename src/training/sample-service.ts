/** Entry of a sample thread: opens the dataset, then draws the requested samples in order. */
import { serveNodeThread } from '../base/node-thread.node.ts';
import { openSamples } from './open-samples.ts';
import type { Sample, SampleSource } from './sample.ts';
import type { SampleApi } from './sample-threads.ts';

let source: SampleSource | null = null;
/**
 * The last requested sample. One core draws them, and the caller wants them in order, so they are drawn one
 * by one.
 */
let last: Promise<unknown> = Promise.resolve();

serveNodeThread<SampleApi>({
  open: async (context, options, images) => {
    const opened = await openSamples(options, (text) => context.progress(text), images);
    source = opened;
    return opened.images;
  },
  sample: (context, number) => {
    const drawn = last.then(async () => {
      if (source === null) throw new Error('`sample` was called before `open`.');
      const sample = await source.sample(number);
      for (const buffer of buffersOf(sample)) context.transfer(buffer);
      return sample;
    });
    last = drawn.catch(() => undefined);
    return drawn;
  },
});

function buffersOf({ slice, classes, context, contextClasses }: Sample): ArrayBuffer[] {
  return [slice, classes, context, contextClasses].flatMap((bytes) => (bytes === null ? [] : [bytes.buffer]));
}

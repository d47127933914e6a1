/**
 * Samples drawn on a thread of their own, ahead of what training asks for: reading and decoding then cost
 * no time of the thread that computes.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { OpenSamples } from './open-samples.ts';
import type { Sample, SampleSource } from './sample.ts';

/** From the thread. */
export type SampleMessage =
  | { readonly kind: 'reading'; readonly text: string }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'sample'; readonly number: number; readonly sample: Sample }
  | { readonly kind: 'broken'; readonly number: number; readonly message: string };

interface Waiting {
  readonly promise: Promise<Sample>;
  readonly resolve: (sample: Sample) => void;
  readonly reject: (error: Error) => void;
  /** Whether somebody has asked for it, rather than this class ahead of time. */
  wanted: boolean;
}

export class SampleThread implements SampleSource {
  private readonly waiting = new Map<number, Waiting>();

  private constructor(
    private readonly worker: Worker,
    /** Samples that are asked for beyond the one that is wanted. */
    private readonly ahead: number,
  ) {
    worker.on('message', (message: SampleMessage) => {
      this.receive(message);
    });
    worker.on('error', (error) => {
      for (const { reject } of this.waiting.values()) reject(error);
    });
  }

  /**
   * Opens the dataset on the thread.
   * @param ahead samples to draw beyond the one asked for; two batches keep the thread busy
   * @throws Error with the message of what went wrong there.
   */
  static async start(
    open: OpenSamples,
    ahead: number,
    onReading: (text: string) => void,
  ): Promise<SampleThread> {
    const entry = new URL('../../bin/sample-thread.mjs', import.meta.url);
    const worker = new Worker(entry, { workerData: open });
    try {
      for (;;) {
        const [message] = (await once(worker, 'message')) as [SampleMessage];
        if (message.kind === 'reading') onReading(message.text);
        if (message.kind === 'failed') throw new Error(message.message);
        if (message.kind === 'ready') return new SampleThread(worker, ahead);
      }
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  /** @throws Error when the sample can't be read. */
  sample(number: number): Promise<Sample> {
    for (const [asked, { wanted }] of this.waiting) {
      // What nobody came for: whoever asks has jumped to other numbers.
      if (!wanted && (asked < number || asked > number + this.ahead)) this.waiting.delete(asked);
    }
    for (let next = number; next <= number + this.ahead; next++) this.ask(next);
    const found = this.waiting.get(number)!;
    found.wanted = true;
    const { promise } = found;
    void promise.then(
      () => this.waiting.delete(number),
      () => this.waiting.delete(number),
    );
    return promise;
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private ask(number: number): void {
    if (this.waiting.has(number)) return;
    let settle: { resolve: (sample: Sample) => void; reject: (error: Error) => void } | null = null;
    const promise = new Promise<Sample>((resolve, reject) => {
      settle = { resolve, reject };
    });
    promise.catch(() => undefined); // reported when it is asked for
    this.waiting.set(number, { promise, wanted: false, ...settle! });
    this.worker.postMessage(number);
  }

  private receive(message: SampleMessage): void {
    if (message.kind === 'sample') this.waiting.get(message.number)?.resolve(message.sample);
    if (message.kind === 'broken') this.waiting.get(message.number)?.reject(new Error(message.message));
  }
}

/** Reading, decoding and resampling on a thread of their own, so that they take no time from the network. */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { SliceReader } from '../segment/read-ahead.ts';
import type { SlideHandle } from '../worker/reader-client.ts';
import { readingOver } from '../worker/reader-client.ts';
import type { ReaderWorkerApi } from '../worker/reader-service.ts';
import type { RpcPort } from '../base/rpc.ts';
import { RpcClient } from '../base/rpc.ts';

/** A thread that reads. Close it, or the process does not end. */
export interface ReadingThread {
  /**
   * Opens a slide on the thread.
   * @param files as `openFromCommandLine` takes them.
   * @throws SlideError when they are no slide or can't be read.
   */
  open(files: readonly string[]): Promise<SlideHandle>;
  /** Pixels of a slide that was opened here; its decoded tiles are kept until it is closed. */
  reader(slide: SlideHandle): SliceReader;
  close(): Promise<void>;
}

export function startReadingThread(): ReadingThread {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('../../bin/reader-thread.mjs', import.meta.url), {
    name: 'reader',
    workerData: { port: port2 },
    transferList: [port2],
    execArgv: [],
  });
  const rpc = new RpcClient<ReaderWorkerApi<readonly string[]>>(port1 as unknown as RpcPort);
  port1.start();
  worker.on('error', (error) => {
    rpc.fail({
      code: 'worker-failed',
      file: '',
      problem: `The thread that reads slides stopped: ${error.message}.`,
      remedy: 'Run the command again; with --resume it goes on where it was.',
    });
  });
  return {
    ...readingOver<readonly string[]>(rpc),
    close: async () => {
      port1.close();
      await worker.terminate();
    },
  };
}

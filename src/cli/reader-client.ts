/** Client of the reader thread, which reads, decodes and resamples slides in parallel with the network. */
import { basename } from 'node:path';
import { startNodeThread } from '../base/node-thread.node.ts';
import type { SliceReader } from '../segment/slice-reader.ts';
import type { SlideHandle } from '../worker/reader-client.ts';
import { readingOver } from '../worker/reader-client.ts';
import type { ReaderWorkerApi } from '../worker/reader-service.ts';

/** A thread that reads slides. Close it, or the process does not exit. */
export interface NodeReader {
  /**
   * Opens a slide on the thread.
   * @param files see `openFromCommandLine`.
   * @throws SlideError when the files are not a slide or can't be read.
   */
  open(files: readonly string[]): Promise<SlideHandle>;
  /** Reads pixels of a slide opened here. Caches decoded tiles until the slide is closed. */
  reader(slide: SlideHandle): SliceReader;
  close(): Promise<void>;
}

export function startNodeReader(): NodeReader {
  let closing: Promise<void> = Promise.resolve();
  const reading = readingOver<readonly string[]>(
    () => {
      const thread = startNodeThread<ReaderWorkerApi<readonly string[]>>(
        'reader',
        'Run the command again; with --resume it continues where it stopped.',
      );
      return {
        rpc: thread.rpc,
        terminate: () => {
          closing = thread.close();
        },
      };
    },
    (files) => basename(files[0] ?? ''),
  );
  return {
    open: (files) => reading.open(files),
    reader: (slide) => reading.reader(slide),
    close: () => {
      reading.terminate();
      return closing;
    },
  };
}

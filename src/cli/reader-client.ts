/** The command line's side of the reader thread: reading, decoding and resampling take no time from the network. */
import { startNodeThread } from '../base/node-thread.node.ts';
import type { SliceReader } from '../segment/slice-reader.ts';
import type { SlideHandle } from '../worker/reader-client.ts';
import { readingOver } from '../worker/reader-client.ts';
import type { ReaderWorkerApi } from '../worker/reader-service.ts';

/** A thread that reads slides. Close it, or the process does not end. */
export interface NodeReader {
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

export function startNodeReader(): NodeReader {
  const thread = startNodeThread<ReaderWorkerApi<readonly string[]>>(
    'reader',
    'Run the command again; with --resume it continues where it stopped.',
  );
  return { ...readingOver<readonly string[]>(thread.rpc), close: () => thread.close() };
}

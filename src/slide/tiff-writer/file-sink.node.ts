import { open, type FileHandle } from 'node:fs/promises';
import type { ByteSink } from './tiff-writer.ts';

/** Writes to a file and replaces its previous content. Close it when done. */
export class FileSink implements ByteSink {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(path: string): Promise<FileSink> {
    return new FileSink(await open(path, 'w'));
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

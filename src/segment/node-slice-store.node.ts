/** A run's slices in a file on disk. */
import {
  closeSync,
  constants as flags,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { constants, crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { SliceMaps } from '../runtime/segmenter.ts';
import { decodeSlice, type Compression } from './slice-codec.ts';
import { SliceLog, type LogFile } from './slice-log.ts';
import { SliceStore } from './store.ts';

/** How a log is opened: replaced by a new one, continued, or read. Whoever does not read holds the output's lock. */
export type OpenMode = 'create' | 'resume' | 'read';

export interface NodeSliceStore {
  readonly store: SliceStore;
  /** Number of damaged parts found when the file was opened. */
  readonly damaged: number;
  /** Reads the maps of a slice synchronously; null if it is missing or damaged. */
  read(column: number, row: number): SliceMaps | null;
  /** Flushes the slices to the disk. */
  sync(): void;
  close(): void;
}

/**
 * Several times as fast as the portable implementation. Runs of one value are all that is worth finding in a slice: a
 * search for other repetitions takes twice as long and saves an eighth of the space. One chunk holds most results.
 */
const compression: Compression = {
  deflate: (bytes) =>
    deflateRawSync(bytes, {
      level: 1,
      strategy: constants.Z_RLE,
      chunkSize: Math.max(64, bytes.length >> 1),
    }),
  inflate: (bytes, length) =>
    inflateRawSync(bytes, { maxOutputLength: length, chunkSize: Math.max(64, length) }),
  crc32,
};

/** Never through a link, which could lead to a file of someone else; Windows has no such flag. */
const noFollow = (flags.O_NOFOLLOW as number | undefined) ?? 0;

/**
 * Opens the slices of a run and verifies all payloads.
 * @param key of the run.
 * @param marginPx of the plan.
 * @returns null, without changing anything, if the file is missing (unless it is created) or belongs to another run.
 * @throws NodeJS.ErrnoException when the file can't be opened for another reason.
 */
export function openNodeSlices(
  path: string,
  key: string,
  marginPx: number,
  mode: OpenMode,
): NodeSliceStore | null {
  const file = openNodeFile(path, mode);
  if (file === null) return null;
  const log = SliceLog.open(file, key, { writable: mode !== 'read', verify: true });
  if (log === null) {
    file.close();
    return null;
  }
  const store = SliceStore.open(log, key, marginPx, compression);
  return {
    store,
    damaged: log.damaged,
    read: (column, row) => {
      const record = log.get(column, row);
      return record === null ? null : decodeSlice(key, column, row, record, compression);
    },
    sync: () => file.flush(),
    close: () => store.close(),
  };
}

const accessOf = { resume: flags.O_RDWR, read: flags.O_RDONLY } as const;

/** A new file in place of an old one or a link. */
function createFile(path: string): number {
  const found = lstatSync(path, { throwIfNoEntry: false });
  // A device is written to as it is.
  if (found !== undefined && !found.isFile() && !found.isSymbolicLink()) return openSync(path, flags.O_RDWR);
  rmSync(path, { force: true });
  return openSync(path, flags.O_RDWR | flags.O_CREAT | flags.O_EXCL | noFollow, 0o666);
}

function openNodeFile(path: string, mode: OpenMode): LogFile | null {
  let file: number;
  try {
    file = mode === 'create' ? createFile(path) : openSync(path, accessOf[mode] | noFollow);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return {
    getSize: () => fstatSync(file).size,
    read: (into, { at }) => readSync(file, into, 0, into.length, at),
    write: (bytes, { at }) => writeAll(path, file, bytes, at),
    truncate: (size) => ftruncateSync(file, size),
    flush: () => {
      if (mode !== 'read') fsyncSync(file);
    },
    close: () => closeSync(file),
  };
}

/** Writes all of `bytes`, because a single call may write fewer. */
function writeAll(path: string, file: number, bytes: Uint8Array, position: number): number {
  try {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(file, bytes, done, bytes.length - done, position + done);
    }
    return bytes.length;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `${path}: Slices can't be saved (${reason}). Free some space there, then continue with --resume.`,
      { cause },
    );
  }
}

/**
 * The spill worker's methods, apart from the worker: finished slices that a page puts aside because its memory is
 * bounded, and reads back when they are looked at. They last as long as the page.
 */
import type { SliceMaps } from '../runtime/segmenter.ts';
import { decodeSlice, encodeSlice } from '../segment/slice-store.ts';
import type { ResultFolder, SliceFile } from './result-folder.ts';
import type { Handlers } from '../base/rpc.ts';

export interface SpillWorkerApi {
  /** Resolves when the maps can be read back. @throws what the browser's storage throws. */
  put(id: number, maps: SliceMaps): Promise<void>;
  /** null where they were not put, or are damaged. */
  get(id: number): Promise<SliceMaps | null>;
  /** Deletes what pages that are gone have left. Does nothing where the browser stores nothing. */
  sweep(): Promise<void>;
}

export interface SpillPlatform {
  openFolder(): Promise<ResultFolder>;
  /** Holds a name for as long as the page lives. */
  hold(name: string): Promise<void>;
  /** Names that pages hold now. */
  held(): Promise<ReadonlySet<string>>;
}

const prefix = 'page-';

/** @param page tells the page from all others. */
export function createSpillService(platform: SpillPlatform, page: string): Handlers<SpillWorkerApi> {
  const own = `${prefix}${page}`;
  let folder: Promise<ResultFolder> | null = null;
  let file: Promise<SliceFile> | null = null;

  const theFolder = (): Promise<ResultFolder> => {
    folder ??= platform.openFolder();
    return folder;
  };
  const theFile = (): Promise<SliceFile> => {
    file ??= (async () => {
      await platform.hold(own);
      const each = await theFolder();
      // The database knows its keys by their notes.
      await each.writeNote(own, '');
      return each.open(own);
    })();
    return file;
  };

  return {
    put: async (_call, id, maps) => (await theFile()).put(id, 0, encodeSlice(maps, 0)),

    get: async (call, id) => {
      const bytes = file === null ? null : await (await file).get(id, 0);
      const maps = bytes === null ? null : decodeSlice(bytes);
      if (maps === null) return null;
      call.transfer(maps.classes.buffer);
      call.transfer(maps.confidence.buffer);
      return maps;
    },

    sweep: async () => {
      try {
        const alive = await platform.held();
        await (await theFolder()).remove((key) => key !== own && !alive.has(key));
      } catch {
        // Nothing can be stored here, so nothing was left.
      }
    },
  };
}

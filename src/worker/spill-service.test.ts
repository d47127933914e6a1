import { describe, expect, it } from 'vitest';
import type { ResultFolder } from './result-folder.ts';
import { createSpillService } from './spill-service.ts';

function folderOf(keys: Map<string, Map<number, Uint8Array<ArrayBuffer>>>): ResultFolder {
  return {
    kind: 'files',
    open: (key) => {
      const slices = keys.get(key) ?? new Map<number, Uint8Array<ArrayBuffer>>();
      keys.set(key, slices);
      return Promise.resolve({
        places: [],
        get: (id: number) => Promise.resolve(slices.get(id) ?? null),
        put: (id: number, _row: number, bytes: Uint8Array<ArrayBuffer>) => {
          slices.set(id, bytes);
          return Promise.resolve();
        },
        close: () => undefined,
      });
    },
    writeNote: () => Promise.resolve(),
    notes: () => Promise.resolve(new Map()),
    remove: (when) => {
      for (const key of [...keys.keys()]) if (when(key)) keys.delete(key);
      return Promise.resolve();
    },
    bytes: () => Promise.resolve(0),
  };
}

const call = {
  signal: new AbortController().signal,
  progress: () => undefined,
  transfer: <T>(object: T): T => object,
};

describe('slices that a page puts aside', () => {
  it('come back as they were; other pages keep theirs, and those of pages that are gone are deleted', async () => {
    const keys = new Map<string, Map<number, Uint8Array<ArrayBuffer>>>();
    const held = new Set<string>();
    const platform = {
      openFolder: () => Promise.resolve(folderOf(keys)),
      hold: (name: string) => {
        held.add(name);
        return Promise.resolve();
      },
      held: () => Promise.resolve(held),
    };
    const [one, two] = ['one', 'two'].map((page) => createSpillService(platform, page));
    const maps = (value: number) => ({
      size: 2,
      classes: new Uint8Array([0, 1, value, 3]),
      confidence: new Uint8Array([9, 8, 7, value]),
    });
    await one!.put(call, 1, maps(5));
    await two!.put(call, 1, maps(6));
    expect(await one!.get(call, 1)).toEqual(maps(5));
    expect(await one!.get(call, 2)).toBeNull();
    // The second page goes.
    held.delete('page-two');
    await one!.sweep(call);
    expect([...keys.keys()]).toEqual(['page-one']);
    expect(await one!.get(call, 1)).toEqual(maps(5));
  });
});

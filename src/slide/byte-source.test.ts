import { describe, expect, test } from 'vitest';
import { cachedByteSource, fileByteSource, memoryByteSource, readExactly } from './byte-source.ts';
import type { ByteSource } from './slide.ts';

const file = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);

/** A source that records what is read from it. */
function counted(size = file.length): ByteSource & { readonly reads: [number, number][] } {
  const reads: [number, number][] = [];
  return {
    name: 'counted',
    size,
    reads,
    read(offset, length, signal) {
      reads.push([offset, length]);
      return new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
        setTimeout(() => resolve(file.slice(offset, offset + length)), 5);
      });
    },
  };
}

describe('cachedByteSource', () => {
  test('reads neighbouring blocks together and no block twice', async () => {
    const source = counted();
    const cache = cachedByteSource(source, { blockBytes: 100 });
    const [a, b, c] = await Promise.all([cache.read(10, 50), cache.read(90, 150), cache.read(50, 20)]);
    expect(a).toEqual(file.slice(10, 60));
    expect(b).toEqual(file.slice(90, 240));
    expect(c).toEqual(file.slice(50, 70));
    expect(source.reads).toEqual([[0, 300]]);
    await cache.read(0, 300);
    expect(source.reads).toHaveLength(1);
  });

  test('joins a read in progress', async () => {
    const source = counted();
    const cache = cachedByteSource(source, { blockBytes: 100 });
    const first = cache.read(0, 100);
    await Promise.resolve();
    await Promise.all([first, cache.read(20, 30)]);
    expect(source.reads).toEqual([[0, 100]]);
  });

  test('splits long reads and stops at the end of the file', async () => {
    const source = counted();
    const cache = cachedByteSource(source, { blockBytes: 100, maxReadBytes: 400 });
    expect(await cache.read(0, 5000)).toEqual(file);
    expect(source.reads).toEqual([
      [0, 400],
      [400, 400],
      [800, 200],
    ]);
    expect(await cache.read(1000, 10)).toHaveLength(0);
    expect(await cache.read(-5, 10)).toHaveLength(0);
  });

  test('stays within its memory limit', async () => {
    const source = counted();
    const cache = cachedByteSource(source, { blockBytes: 100, maxBytes: 200 });
    await cache.read(0, 100);
    await cache.read(100, 100);
    await cache.read(0, 100);
    await cache.read(200, 100);
    source.reads.length = 0;
    await cache.read(0, 100);
    expect(source.reads).toEqual([]);
    await cache.read(100, 100);
    expect(source.reads).toEqual([[100, 100]]);
  });

  test('one reader leaving does not stop the other; all leaving stops the read', async () => {
    const source = counted();
    const cache = cachedByteSource(source, { blockBytes: 100 });
    const leaver = new AbortController();
    const left = cache.read(0, 100, leaver.signal);
    const stayed = cache.read(0, 100);
    await Promise.resolve();
    leaver.abort();
    await expect(left).rejects.toMatchObject({ name: 'AbortError' });
    expect(await stayed).toEqual(file.slice(0, 100));

    const alone = new AbortController();
    const read = cache.read(500, 100, alone.signal);
    await Promise.resolve();
    alone.abort();
    await expect(read).rejects.toMatchObject({ name: 'AbortError' });
    // The block can be requested again at once.
    expect(await cache.read(500, 100)).toEqual(file.slice(500, 600));
  });

  test('does not cache a failed read', async () => {
    let fail = true;
    const cache = cachedByteSource({
      name: 'flaky',
      size: 100,
      read: () => (fail ? Promise.reject(new Error('lost')) : Promise.resolve(file.slice(0, 100))),
    });
    await expect(cache.read(0, 10)).rejects.toThrow('lost');
    fail = false;
    expect(await cache.read(0, 10)).toEqual(file.slice(0, 10));
  });
});

describe('fileByteSource', () => {
  test('reads parts of a File', async () => {
    const source = fileByteSource(new File([file], 'a.svs'));
    expect(source).toMatchObject({ name: 'a.svs', size: 1000 });
    expect(await source.read(990, 100)).toEqual(file.slice(990));
  });

  test('reports a file that can no longer be read', async () => {
    const gone = new File([file], 'gone.svs');
    gone.slice = () =>
      ({ arrayBuffer: () => Promise.reject(new DOMException('x', 'NotReadableError')) }) as Blob;
    await expect(fileByteSource(gone).read(0, 1)).rejects.toMatchObject({
      code: 'not-found',
      file: 'gone.svs',
    });
  });
});

test('readExactly rejects a range past the end of the file', async () => {
  const source = memoryByteSource(file, 'short.tif');
  expect(await readExactly(source, 990, 10, 'tail')).toEqual(file.slice(990));
  await expect(readExactly(source, 991, 10, 'tail')).rejects.toMatchObject({ code: 'truncated' });
});

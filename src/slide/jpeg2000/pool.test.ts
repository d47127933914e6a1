import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serveRpc } from '../../base/rpc.ts';
import type { RgbaImage } from '../slide.ts';
import { Jpeg2000Pool, type Jpeg2000Api } from './pool.ts';

/** A worker in this thread: both ends of its port are event targets. It decodes a byte when told to. */
class FakeWorker extends EventTarget {
  static readonly started: FakeWorker[] = [];
  readonly decoding: { readonly byte: number; readonly finish: (error?: Error) => void }[] = [];
  isTerminated = false;
  readonly #inner = new EventTarget();

  constructor() {
    super();
    FakeWorker.started.push(this);
    const port = {
      postMessage: (data: unknown) => this.dispatchEvent(new MessageEvent('message', { data })),
      addEventListener: this.#inner.addEventListener.bind(this.#inner) as never,
    };
    serveRpc<Jpeg2000Api>(port, {
      decode: (_, [byte = 0]) =>
        new Promise<RgbaImage>((resolve, reject) => {
          const image = { width: 1, height: 1, data: Uint8ClampedArray.of(byte, byte, byte, 255) };
          const finish = (error?: Error): void => (error === undefined ? resolve(image) : reject(error));
          this.decoding.push({ byte, finish });
        }),
    });
  }

  postMessage(data: unknown): void {
    this.#inner.dispatchEvent(new MessageEvent('message', { data }));
  }

  terminate(): void {
    this.isTerminated = true;
  }

  crash(): void {
    this.dispatchEvent(Object.assign(new Event('error'), { message: 'out of memory' }));
  }
}

const bytesDecoded = (): number[] =>
  FakeWorker.started.flatMap(({ decoding }) => decoding.map(({ byte }) => byte));
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe('Jpeg2000Pool', () => {
  let pool: Jpeg2000Pool;
  const decode = (byte: number, signal?: AbortSignal): Promise<number> =>
    pool.decode(Uint8Array.of(byte), 'rgb', signal).then(({ data }) => data[0]!);

  beforeEach(() => {
    FakeWorker.started.length = 0;
    vi.stubGlobal('Worker', FakeWorker);
    vi.stubGlobal('navigator', { hardwareConcurrency: 16 });
    pool = new Jpeg2000Pool();
  });
  afterEach(() => vi.unstubAllGlobals());

  it('starts at most four workers and reuses them in the order of the tiles', async () => {
    const tiles = [1, 2, 3, 4, 5, 6].map((byte) => decode(byte));
    await settled();
    expect(bytesDecoded()).toEqual([1, 2, 3, 4]);
    for (const worker of FakeWorker.started) worker.decoding[0]!.finish();
    await settled();
    expect(FakeWorker.started).toHaveLength(4);
    expect(bytesDecoded().sort()).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { decoding } of FakeWorker.started) decoding[1]?.finish();
    expect(await Promise.all(tiles)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('drops a queued tile when it is aborted, and never starts it', async () => {
    const running = [1, 2, 3, 4].map((byte) => decode(byte));
    const controller = new AbortController();
    const queued = decode(5, controller.signal);
    controller.abort();
    await expect(queued).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    for (const { decoding } of FakeWorker.started) decoding[0]!.finish();
    await Promise.all(running);
    await settled();
    expect(bytesDecoded()).toEqual([1, 2, 3, 4]);
  });

  it('keeps a worker that could not decode a tile', async () => {
    const damaged = decode(1);
    await settled();
    FakeWorker.started[0]!.decoding[0]!.finish(new Error('The codestream is damaged.'));
    await expect(damaged).rejects.toThrow(/The codestream is damaged/);
    const next = decode(2);
    await settled();
    FakeWorker.started[0]!.decoding[1]!.finish();
    expect(await next).toBe(2);
    expect(FakeWorker.started).toHaveLength(1);
  });

  it('replaces a worker that has stopped', async () => {
    const lost = decode(1);
    await settled();
    FakeWorker.started[0]!.crash();
    await expect(lost).rejects.toThrow(/The JPEG 2000 worker stopped: out of memory/);
    const next = decode(2);
    await settled();
    FakeWorker.started[1]!.decoding[0]!.finish();
    expect(await next).toBe(2);
    expect(FakeWorker.started.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });
});

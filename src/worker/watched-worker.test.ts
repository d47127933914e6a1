import { afterEach, expect, it, vi } from 'vitest';
import type { ErrorReport } from '../base/error-report.ts';
import { fakeWorker, type FakeWorker } from './testing/fake-worker.ts';
import { isLostWorker, WatchedWorker } from './watched-worker.ts';

interface Api {
  echo(text: string): Promise<string>;
  /** Never answers; the worker still does. */
  wait(): Promise<void>;
  fail(): Promise<void>;
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function start(deadlineMs = 80): {
  worker: WatchedWorker<Api>;
  workers: FakeWorker<Api>[];
  lost: ErrorReport[];
  prepared: string[];
} {
  const workers: FakeWorker<Api>[] = [];
  const lost: ErrorReport[] = [];
  const prepared: string[] = [];
  const worker = new WatchedWorker<Api>({
    start: () => {
      const made = fakeWorker<Api>({
        echo: (_call, text) => {
          prepared.push(text);
          return text;
        },
        wait: () => new Promise(() => undefined),
        fail: () => Promise.reject(new Error('its own')),
      });
      workers.push(made);
      return made;
    },
    deadlineMs,
    silenceReport: (seconds) => ({ code: 'not-answering', file: '', problem: `${seconds} s`, remedy: '' }),
    prepare: (rpc) => void rpc.call('echo', [`worker ${workers.length}`]).catch(() => undefined),
    onLost: (report) => void lost.push(report),
  });
  ends.push(() => worker.terminate());
  return { worker, workers, lost, prepared };
}

it('replaces a worker that hangs in a call, and tells the new one first what it has to know', async () => {
  const { worker, workers, lost, prepared } = start();
  expect(await worker.rpc.call('echo', ['one'])).toBe('one');
  workers[0]?.hang();
  const error: unknown = await worker.rpc.call('echo', ['two']).catch((reason: unknown) => reason);
  expect(isLostWorker(error)).toBe(true);
  expect(lost).toMatchObject([{ code: 'not-answering' }]);
  expect(workers[0]?.hasEnded).toBe(true);
  expect(await worker.rpc.call('echo', ['three'])).toBe('three');
  expect(prepared).toEqual(['worker 1', 'one', 'worker 2', 'three']);
});

it('replaces a worker after an exception that nobody caught, also when nothing was asked of it', async () => {
  const { worker, workers, lost } = start();
  await worker.rpc.call('echo', ['one']);
  workers[0]?.crash('It stopped: boom.');
  expect(lost).toMatchObject([{ problem: 'It stopped: boom.' }]);
  expect(workers[0]?.hasEnded).toBe(true);
  expect(await worker.rpc.call('echo', ['two'])).toBe('two');
  expect(workers).toHaveLength(2);
});

it('leaves alone a worker that answers while a call lasts, and errors of its calls', async () => {
  const { worker, workers, lost } = start();
  worker.rpc.call('wait', []).catch(() => undefined);
  const error: unknown = await worker.rpc.call('fail', []).catch((reason: unknown) => reason);
  expect(isLostWorker(error)).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(lost).toEqual([]);
  expect(workers).toHaveLength(1);
});

it('stops replacing a worker that crashes again and again, for a minute', async () => {
  const { worker, workers } = start();
  const now = vi.spyOn(performance, 'now');
  try {
    now.mockReturnValue(1000);
    for (let i = 0; i < 20; i++) {
      void worker.rpc;
      workers.at(-1)?.crash('It stopped.');
    }
    expect(workers).toHaveLength(5);
    await expect(worker.rpc.call('echo', ['one'])).rejects.toThrow('It stopped.');
    now.mockReturnValue(62_000);
    expect(await worker.rpc.call('echo', ['two'])).toBe('two');
  } finally {
    now.mockRestore();
  }
});

it('starts none once it is terminated', async () => {
  const { worker, workers, lost } = start();
  await worker.rpc.call('echo', ['one']);
  worker.terminate();
  await expect(worker.rpc.call('echo', ['two'])).rejects.toMatchObject({ report: { code: 'worker-ended' } });
  expect(workers).toHaveLength(1);
  expect(lost).toEqual([]);
});

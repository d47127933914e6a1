import { afterEach, expect, it, vi } from 'vitest';
import { RpcClient, serveRpc } from '../base/rpc.ts';
import type { SlideMetadata } from '../slide/slide.ts';
import type { StartedWorker } from '../base/worker-port.ts';
import { SlideKeeper } from './slide-keeper.ts';

/** Slides by name. Whoever has "hang" in its name blocks the worker in which it is touched, for good. */
interface FakeApi {
  open(input: string): Promise<{ readonly slideId: number; readonly metadata: SlideMetadata }>;
  close(slideId: number): Promise<void>;
  tile(slideId: number, place: string): Promise<string>;
  /** Resolves when it is told to. */
  build(slideId: number): Promise<string>;
}

interface FakeState {
  readonly opened: string[];
  readonly tiles: string[];
  ended: boolean;
  /** As an exception that nobody catches. */
  crash: () => void;
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Workers that hang by no longer delivering messages, which is what a blocked thread looks like from outside. */
function start(deadlineMs = 160): {
  keeper: SlideKeeper<string, FakeApi>;
  workers: FakeState[];
  finishBuild: () => void;
  version: { value: number };
} {
  const workers: FakeState[] = [];
  const version = { value: 1 };
  let finishBuild: () => void = () => undefined;
  const startWorker = (): StartedWorker<FakeApi> => {
    const { port1, port2 } = new MessageChannel();
    const state: FakeState = { opened: [], tiles: [], ended: false, crash: () => undefined };
    workers.push(state);
    let hung = false;
    const listeners: ((event: MessageEvent) => void)[] = [];
    const touch = (name: string): void => {
      if (name.includes('hang')) hung = true;
      if (name.includes('crash')) state.crash();
    };
    port1.addEventListener('message', (event) => {
      if (!hung) for (const listener of listeners) listener(event);
    });
    let nextId = 1;
    const names = new Map<number, string>();
    serveRpc<FakeApi>(
      {
        postMessage: (message, transfer) => {
          if (!hung) port1.postMessage(message, transfer);
        },
        addEventListener: (_type, listener) => listeners.push(listener),
      },
      {
        open: async (_call, name) => {
          state.opened.push(name);
          touch(name);
          await Promise.resolve();
          const slideId = nextId++ + 100 * workers.length;
          names.set(slideId, name);
          return { slideId, metadata: { name, fingerprint: `${name} ${version.value}` } as SlideMetadata };
        },
        tile: (_call, slideId, place) => {
          state.tiles.push(place);
          touch(place);
          if (!names.has(slideId)) throw new RangeError(`Slide ${slideId} is not open.`);
          return `${names.get(slideId)} ${place}`;
        },
        build: () => new Promise((resolve) => (finishBuild = () => resolve('built'))),
        close: (_call, slideId) => void names.delete(slideId),
      },
    );
    const rpc = new RpcClient<FakeApi>(port2);
    state.crash = () =>
      rpc.fail({ code: 'worker-failed', file: '', problem: 'It stopped.', remedy: 'Try again.' });
    port1.start();
    port2.start();
    return {
      rpc,
      terminate: () => {
        state.ended = true;
        port1.close();
        port2.close();
      },
    };
  };
  const keeper = new SlideKeeper<string, FakeApi>({
    start: startWorker,
    titleOf: (name) => name,
    deadlineMs,
  });
  ends.push(() => keeper.terminate());
  return { keeper, workers, finishBuild: () => finishBuild(), version };
}

const tile = (keeper: SlideKeeper<string, FakeApi>, slideId: number, place: string): Promise<string> =>
  keeper.call(slideId, (rpc, id, options) => rpc.call('tile', [id, place], options));

it('stops an opening that hangs, names the file, and goes on with the other slides in a new worker', async () => {
  const { keeper, workers } = start();
  const good = await keeper.open('good.svs');
  const opening = keeper.open('hang.svs');
  const waiting = tile(keeper, good.slideId, '0/0');
  await expect(opening).rejects.toMatchObject({
    report: {
      code: 'not-answering',
      file: 'hang.svs',
      problem: expect.stringContaining('no answer') as string,
    },
  });
  expect(await waiting).toBe('good.svs 0/0');
  expect(await tile(keeper, good.slideId, '1/1')).toBe('good.svs 1/1');
  expect(workers.map(({ opened }) => opened)).toEqual([['good.svs', 'hang.svs'], ['good.svs']]);
  expect(workers[0]?.ended).toBe(true);
  expect((await keeper.open('next.svs')).metadata.name).toBe('next.svs');
});

it('blames the slide that hangs, not the one that was opened after it was given up', async () => {
  const { keeper } = start();
  const controller = new AbortController();
  const first = keeper.open('hang.svs', controller.signal);
  await vi.waitFor(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 20));
  controller.abort();
  const second = keeper.open('good.svs');
  await expect(first).rejects.toMatchObject({ name: 'AbortError' });
  expect((await second).metadata.name).toBe('good.svs');
});

it('finds the tile that hangs among several, and delivers the others', async () => {
  const { keeper } = start();
  const { slideId } = await keeper.open('good.svs');
  const places = ['a', 'b', 'hang', 'c', 'd'];
  const results = await Promise.allSettled(places.map((place) => tile(keeper, slideId, place)));
  expect(results.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect(results[2]).toMatchObject({ reason: { report: { code: 'broken-tile', file: 'good.svs' } } });
});

it('leaves alone a call that lasts while the worker answers', async () => {
  const { keeper, workers, finishBuild } = start(80);
  const { slideId } = await keeper.open('good.svs');
  const build = keeper.call(
    slideId,
    (rpc, id, options) => rpc.call('build', [id], options),
    undefined,
    'background',
  );
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(workers).toHaveLength(1);
  finishBuild();
  expect(await build).toBe('built');
});

it('begins a call that lasts again after another hung', async () => {
  const { keeper, workers, finishBuild } = start();
  const { slideId } = await keeper.open('good.svs');
  const build = keeper.call(
    slideId,
    (rpc, id, options) => rpc.call('build', [id], options),
    undefined,
    'background',
  );
  await expect(keeper.open('hang.svs')).rejects.toMatchObject({ report: { code: 'not-answering' } });
  await vi.waitFor(() => expect(workers[1]?.opened).toEqual(['good.svs']));
  await new Promise((resolve) => setTimeout(resolve, 20));
  finishBuild();
  expect(await build).toBe('built');
});

it('goes on in a new worker after an exception that nobody caught', async () => {
  const { keeper, workers } = start();
  const { slideId } = await keeper.open('good.svs');
  workers[0]?.crash();
  expect(await tile(keeper, slideId, '0/0')).toBe('good.svs 0/0');
  expect(workers.map(({ ended }) => ended)).toEqual([true, false]);
});

it('gives up a call that two workers crash in, and goes on with the next', async () => {
  const { keeper, workers } = start();
  const { slideId } = await keeper.open('good.svs');
  await expect(tile(keeper, slideId, 'crash')).rejects.toMatchObject({ report: { code: 'worker-failed' } });
  expect(workers.flatMap(({ tiles }) => tiles)).toEqual(['crash', 'crash']);
  expect(await tile(keeper, slideId, '0/0')).toBe('good.svs 0/0');
});

it('does not go on with a file that is another one when it opens again', async () => {
  const { keeper, version } = start();
  const { slideId } = await keeper.open('good.svs');
  version.value = 2;
  await expect(keeper.open('hang.svs')).rejects.toBeDefined();
  await expect(tile(keeper, slideId, '0/0')).rejects.toMatchObject({
    report: { code: 'changed', file: 'good.svs' },
  });
});

it('rejects everything once it is terminated', async () => {
  const { keeper } = start();
  const { slideId } = await keeper.open('good.svs');
  keeper.terminate();
  await expect(tile(keeper, slideId, '0/0')).rejects.toMatchObject({ report: { code: 'worker-ended' } });
  await expect(keeper.open('next.svs')).rejects.toMatchObject({ report: { code: 'worker-ended' } });
});

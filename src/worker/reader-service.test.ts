import { afterEach, expect, it, vi } from 'vitest';
import type { Level0Rect, Slide } from '../slide/slide.ts';
import { SlideError } from '../slide/slide.ts';
import { readingOver } from './reader-client.ts';
import type { ReaderPlatform, ReaderWorkerApi } from './reader-service.ts';
import { createReaderService } from './reader-service.ts';
import { RpcClient, serveRpc } from '../base/rpc.ts';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function connect(read: ReturnType<ReaderPlatform['reader']>['read']) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  port1.start();
  port2.start();
  let closed = 0;
  const metadata = { name: 'a.svs' };
  serveRpc<ReaderWorkerApi>(
    port1,
    createReaderService({
      openSlide: async (input) => {
        if (input.kind === 'url' && input.url.endsWith('.txt')) {
          throw new SlideError('not-a-slide', 'a.txt', 'It is no slide.', 'Open another.');
        }
        return { metadata, close: () => closed++ } as unknown as Slide;
      },
      reader: () => ({ read }),
    }),
  );
  return {
    reading: readingOver(
      () => ({ rpc: new RpcClient<ReaderWorkerApi>(port2), terminate: () => undefined }),
      () => 'a.svs',
    ),
    closed: () => closed,
  };
}

const rect: Level0Rect = { x: 5, y: 0, width: 10, height: 10 };
const input = { kind: 'url', url: 'https://a.test/a.svs' } as const;

it('returns pixels over the channel, also from a view of a larger buffer', async () => {
  const { reading, closed } = connect(async ({ x }, size) => ({
    width: size,
    height: size,
    data: new Uint8ClampedArray(100).fill(x).subarray(10, 10 + 4 * size * size),
  }));
  const slide = await reading.open(input);
  expect(slide.metadata.name).toBe('a.svs');
  const image = await reading.reader(slide).read(rect, 2, new AbortController().signal);
  expect(image).toEqual({ width: 2, height: 2, data: new Uint8ClampedArray(16).fill(5) });
  slide.close();
  await expect(reading.reader(slide).read(rect, 2, new AbortController().signal)).rejects.toThrow('not open');
  await vi.waitFor(() => expect(closed()).toBe(1));
});

it('keeps the error type, so that a broken tile costs one slice', async () => {
  const { reading } = connect(() =>
    Promise.reject(new SlideError('broken-tile', 'a.svs', 'Tile 3 is broken.', 'Nothing.')),
  );
  const slide = await reading.open(input);
  const failing = reading.reader(slide).read(rect, 2, new AbortController().signal);
  await expect(failing).rejects.toBeInstanceOf(SlideError);
  await expect(failing).rejects.toMatchObject({ code: 'broken-tile', problem: 'Tile 3 is broken.' });
  await expect(reading.open({ kind: 'url', url: 'https://a.test/a.txt' })).rejects.toBeInstanceOf(SlideError);
});

it('stops the reader when a read is aborted', async () => {
  let stopped = false;
  const { reading } = connect((_rect, _size, signal) => {
    signal.addEventListener('abort', () => (stopped = true));
    return new Promise(() => undefined);
  });
  const slide = await reading.open(input);
  const controller = new AbortController();
  const read = reading.reader(slide).read(rect, 2, controller.signal);
  setTimeout(() => controller.abort(), 5);
  await expect(read).rejects.toMatchObject({ name: 'AbortError' });
  while (!stopped) await new Promise((resolve) => setTimeout(resolve, 2));
});

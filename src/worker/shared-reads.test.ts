/** Models that run at once on one slide: each tile is read and decoded once, however small the cache. */
import { afterEach, expect, it } from 'vitest';
import { fakeBackend, FakeSegmenter } from '../segment/fake-segmenter.ts';
import { slideReader } from '../segment/slice-reader.ts';
import type { SlidePlatform } from '../slide/slide.ts';
import { syntheticSlide } from '../slide/testing/synthetic-slide.ts';
import { TileCache } from '../slide/tile-cache.ts';
import { keepOpen } from './open-slides.ts';
import type { SegmentEvent, SegmentRequest, SegmentWorkerApi } from './protocol.ts';
import { readingOver } from './reader-client.ts';
import type { ReaderWorkerApi } from './reader-service.ts';
import { createReaderService } from './reader-service.ts';
import { RpcClient, serveRpc } from '../base/rpc.ts';
import { createSegmentService, type SegmentPlatform } from './segment-service.ts';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function channel(): [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  port1.start();
  port2.start();
  return [port1, port2];
}

const tileSize = 64;
const side = 1600;

/** The workers as the page starts them, over channels, on a slide that notes which tiles it was asked for. */
function start() {
  const slide = syntheticSlide({ width: side, height: side, tileSize, colour: () => [200, 150, 190] });
  const [readerPort, readerClient] = channel();
  // Room for two rows of tiles of the twenty-five.
  const cache = new TileCache(2 * Math.ceil(side / tileSize) * tileSize * tileSize * 4);
  serveRpc<ReaderWorkerApi>(
    readerPort,
    createReaderService({
      openSlide: keepOpen(async () => slide),
      reader: (open) => slideReader(open, {} as SlidePlatform, cache),
    }),
  );
  const reading = readingOver(
    () => ({ rpc: new RpcClient<ReaderWorkerApi>(readerClient), terminate: () => undefined }),
    () => 'a.svs',
  );
  const model = { slice: { fieldUm: 160, sizePx: 8 }, context: null };
  const platform: SegmentPlatform = {
    startBackend: async () => fakeBackend(),
    numTensors: () => 0,
    readManifest: async () => new FakeSegmenter(model).manifest,
    loadModel: async () => new FakeSegmenter(model, () => new Promise((done) => setTimeout(done, 1))),
    openSlide: (input) => reading.open(input),
    reader: (open) => reading.reader(open),
  };
  const [segmentPort, segmentClient] = channel();
  serveRpc<SegmentWorkerApi>(segmentPort, createSegmentService(platform));
  const client = new RpcClient<SegmentWorkerApi>(segmentClient);
  const order: string[] = [];
  const run = (id: string) => {
    const request: SegmentRequest = {
      slide: { kind: 'url', url: 'https://a.test/a.svs' },
      modelUrl: `https://a.test/models/${id}/`,
      area: null,
      mpp: { x: 1, y: 1, source: 'user' },
    };
    return client.call('segment', [request], {
      onProgress: (event) => (event as SegmentEvent).kind === 'slice' && order.push(id),
    });
  };
  return { slide, run, order };
}

it('reads the slide once for one, two or four models in parallel', async () => {
  const one = start();
  await one.run('a');
  const tiles = one.slide.asked.length;
  expect(tiles).toBeGreaterThanOrEqual((side / tileSize) ** 2);

  // One after the other, the cache has forgotten the beginning of the slide by the end of it.
  const apart = start();
  await apart.run('a');
  await apart.run('b');
  expect(apart.slide.asked.length).toBeGreaterThan(1.8 * tiles);

  for (const ids of ['ab', 'abcd']) {
    const { slide, run, order } = start();
    await Promise.all([...ids].map(run));
    expect(slide.asked.length).toBeLessThan(1.1 * tiles);
    // In turns: nobody is ever far ahead.
    const done = new Map([...ids].map((id) => [id, 0]));
    let ahead = 0;
    for (const id of order) {
      done.set(id, (done.get(id) ?? 0) + 1);
      ahead = Math.max(ahead, Math.max(...done.values()) - Math.min(...done.values()));
    }
    expect(order).toHaveLength(100 * ids.length);
    expect(ahead).toBeLessThan(8);
  }
});

/** The same request selects the same slices in the app's worker and on the command line. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RpcClient, serveRpc } from '../base/rpc.ts';
import { fakeBackend, FakeSegmenter } from '../segment/fake-segmenter.ts';
import { slideReader } from '../segment/slice-reader.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import type { Slide } from '../slide/slide.ts';
import type { SegmentEvent, SegmentRequest, SegmentWorkerApi } from '../worker/protocol.ts';
import { createSegmentService } from '../worker/segment-service.ts';
import { manifestOf } from './model-folder.ts';
import { planSegment } from './segment-plan.ts';
import { smallRegion, writeSmallModel } from './segment-testing.ts';
import { openFromCommandLine } from './slide.ts';

let folder: string;
let slide: Slide;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-same-slices-'));
  // A field of 120 µm: 10 × 13 slices.
  await writeSmallModel(join(folder, 'model'), 120);
  slide = await openFromCommandLine([smallRegion]);
});
afterAll(async () => {
  slide.close();
  await rm(folder, { recursive: true, force: true });
});

/** The slices that the app's worker segments, as "column,row". */
async function inTheApp(request: Pick<SegmentRequest, 'area' | 'polygon' | 'overlap' | 'glass'>) {
  const manifest = await manifestOf(join(folder, 'model'));
  const segmenter = new FakeSegmenter(manifest);
  const { port1, port2 } = new MessageChannel();
  serveRpc<SegmentWorkerApi>(
    port1,
    createSegmentService({
      startBackend: () => Promise.resolve(fakeBackend()),
      loadModel: () => Promise.resolve(segmenter),
      numTensors: () => 0,
      readManifest: () => Promise.resolve(manifest),
      openSlide: () => Promise.resolve({ metadata: slide.metadata, close: () => undefined }),
      reader: () => slideReader(slide, nodePlatform()),
    }),
  );
  port1.start();
  const client = new RpcClient<SegmentWorkerApi>(port2);
  port2.start();
  const places: string[] = [];
  await client.call(
    'segment',
    [{ slide: { kind: 'url', url: 'https://a.test/a.svs' }, modelUrl: 'm', mpp: null, ...request }],
    {
      onProgress: (progress) => {
        const event = progress as SegmentEvent;
        if (event.kind === 'slice') places.push(`${event.result.column},${event.result.row}`);
      },
    },
  );
  port1.close();
  return places.sort();
}

async function onTheCommandLine(polygon: readonly (readonly [number, number])[], glass: 'skip' | 'include') {
  const file = join(folder, 'area.geojson');
  const geometry = { type: 'Polygon', coordinates: [[...polygon, polygon[0]]] };
  await writeFile(file, JSON.stringify({ type: 'Feature', geometry }));
  const { plan } = await planSegment(slide, {
    model: join(folder, 'model'),
    out: folder,
    annotations: file,
    quality: 'standard',
    glass,
  });
  return plan.slices.map(({ column, row }) => `${column},${row}`).sort();
}

it.each<[string, readonly (readonly [number, number])[]]>([
  [
    'a triangle',
    [
      [100, 100],
      [1700, 350],
      [500, 2400],
    ],
  ],
  // Contains no centre of a map pixel; these are 5 level-0 pixels wide.
  [
    'a sliver',
    [
      [200, 702],
      [1400, 703],
      [1400, 704],
    ],
  ],
  [
    'a polygon that turns back',
    [
      [100, 100],
      [900, 100],
      [900, 300],
      [300, 300],
      [300, 900],
      [900, 900],
      [900, 1100],
      [100, 1100],
    ],
  ],
])('%s', async (_name, polygon) => {
  const request = { area: null, polygon, overlap: 0.125 };
  const expected = await onTheCommandLine(polygon, 'include');
  expect(expected.length).toBeGreaterThan(2);
  expect(await inTheApp({ ...request, glass: 'include' })).toEqual(expected);
  expect(await inTheApp({ ...request, glass: 'skip' })).toEqual(await onTheCommandLine(polygon, 'skip'));
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Slide, SlideMetadata, TilePayload } from '../slide/slide.ts';
import { SlideError } from '../slide/slide.ts';
import type { SlideWorkerApi } from './protocol.ts';
import { RpcClient, serveRpc } from '../base/rpc.ts';
import type { SlideServicePlatform } from './slide-service.ts';
import { createSlideService } from './slide-service.ts';

const metadata = {
  name: 'a.svs',
  format: 'tiff',
  width: 500,
  height: 300,
  levels: [{ width: 500, height: 300, downsample: 1, tileWidth: 256, tileHeight: 256 }],
  mpp: null,
  magnification: null,
  associated: [],
  fileSize: 1,
  fingerprint: '00',
  revision: '00',
  properties: {},
} as unknown as SlideMetadata;

function fakeSlide(tile: Slide['tile'], close = vi.fn<() => void>()): Slide {
  return {
    metadata,
    tile,
    associatedImage: () => Promise.resolve({ kind: 'missing' } as TilePayload),
    iccProfile: () => Promise.resolve(null),
    close,
  };
}

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function connect(slide: Slide, toBitmap: SlideServicePlatform['toBitmap']): RpcClient<SlideWorkerApi> {
  const { port1, port2 } = new MessageChannel();
  serveRpc<SlideWorkerApi>(
    port1,
    createSlideService({ openSlide: () => Promise.resolve(slide), decoder, toBitmap }),
  );
  const client = new RpcClient<SlideWorkerApi>(port2);
  port1.start();
  port2.start();
  ports.push(port1);
  return client;
}

const decoder = { decode: () => Promise.reject(new Error('Not decoded here.')) };

const missing: TilePayload = { kind: 'missing' };

describe('slide service', () => {
  it('opens slides under ids and closes them', async () => {
    const close = vi.fn<() => void>();
    const slide = fakeSlide(() => Promise.resolve(missing), close);
    const client = connect(slide, () => Promise.resolve(null));
    const first = await client.call('open', [{ kind: 'url', url: 'a.svs' }]);
    const second = await client.call('open', [{ kind: 'url', url: 'a.svs' }]);
    expect(first.metadata).toEqual(metadata);
    expect(second.slideId).not.toBe(first.slideId);
    await client.call('close', [first.slideId]);
    expect(close).toHaveBeenCalledOnce();
    await expect(
      client.call('tile', [first.slideId, 0, 0, 0, { colours: 'stored', channels: null }, 'exact']),
    ).rejects.toThrow('is not open');
  });

  it('crops edge tiles to the level', async () => {
    const sizes: number[][] = [];
    const client = connect(
      fakeSlide(() => Promise.resolve(missing)),
      (_payload, width, height) => {
        sizes.push([width, height]);
        return Promise.resolve(null);
      },
    );
    const { slideId } = await client.call('open', [{ kind: 'url', url: 'a.svs' }]);
    expect(
      await client.call('tile', [slideId, 0, 0, 0, { colours: 'stored', channels: null }, 'exact']),
    ).toBeNull();
    expect(
      await client.call('tile', [slideId, 0, 1, 1, { colours: 'stored', channels: null }, 'exact']),
    ).toBeNull();
    expect(sizes).toEqual([
      [256, 256],
      [244, 44],
    ]);
  });

  it('reads the colour profile once, and only for tiles in sRGB', async () => {
    const profile = new Uint8Array([1, 2, 3]);
    const iccProfile = vi.fn(() => Promise.resolve(profile));
    const icc = { description: 'Scanner', size: 3, srgb: false };
    const seen: (Uint8Array | null)[] = [];
    const slide = {
      ...fakeSlide(() => Promise.resolve(missing)),
      iccProfile,
      metadata: { ...metadata, icc },
    };
    const client = connect(slide, (_payload, _width, _height, given) => {
      seen.push(given);
      return Promise.resolve(null);
    });
    const { slideId } = await client.call('open', [{ kind: 'url', url: 'a.svs' }]);
    await client.call('tile', [slideId, 0, 0, 0, { colours: 'stored', channels: null }, 'exact']);
    expect(iccProfile).not.toHaveBeenCalled();
    await client.call('tile', [slideId, 0, 0, 0, { colours: 'srgb', channels: null }, 'exact']);
    await client.call('tile', [slideId, 0, 0, 0, { colours: 'srgb', channels: null }, 'exact']);
    expect(seen).toEqual([null, profile, profile]);
    expect(iccProfile).toHaveBeenCalledOnce();
  });

  it('stops reading an aborted tile and does not decode it', async () => {
    let readSignal: AbortSignal | undefined;
    const toBitmap = vi.fn(() => Promise.resolve(null));
    const client = connect(
      fakeSlide((_level, _column, _row, signal) => {
        readSignal = signal;
        return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(missing)));
      }),
      toBitmap,
    );
    const { slideId } = await client.call('open', [{ kind: 'url', url: 'a.svs' }]);
    const controller = new AbortController();
    const tile = client.call('tile', [slideId, 0, 0, 0, { colours: 'stored', channels: null }, 'exact'], {
      signal: controller.signal,
    });
    await vi.waitFor(() => expect(readSignal).toBeDefined());
    controller.abort();
    await expect(tile).rejects.toMatchObject({ name: 'AbortError' });
    await vi.waitFor(() => expect(readSignal?.aborted).toBe(true));
    await client.call('close', [slideId]);
    expect(toBitmap).not.toHaveBeenCalled();
  });

  it('reports a broken tile and keeps the slide usable', async () => {
    let broken = true;
    const client = connect(
      fakeSlide(() => {
        if (!broken) return Promise.resolve(missing);
        broken = false;
        throw new SlideError('broken-tile', 'a.svs', 'Tile 0,0 cannot be decoded.', 'It is shown empty.');
      }),
      () => Promise.resolve(null),
    );
    const { slideId } = await client.call('open', [{ kind: 'url', url: 'a.svs' }]);
    await expect(
      client.call('tile', [slideId, 0, 0, 0, { colours: 'stored', channels: null }, 'exact']),
    ).rejects.toMatchObject({
      report: { code: 'broken-tile', file: 'a.svs' },
    });
    expect(
      await client.call('tile', [slideId, 0, 0, 0, { colours: 'stored', channels: null }, 'exact']),
    ).toBeNull();
  });
});

import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { initialiseBackend } from './backend-initialise.ts';
import { describeAdapter, probeBackends, type BackendPlatform } from './backend-probe.ts';
import { nodeBackendPlatform } from './backend.node.ts';
import { ModelError } from './manifest.ts';

function gpuThat(requestAdapter: () => Promise<GPUAdapter | null>): GPU {
  return { requestAdapter } as unknown as GPU;
}

function adapter(info: Partial<GPUAdapterInfo>, extra: object = {}): GPUAdapter {
  return { info, limits: {}, features: new Set(), ...extra } as unknown as GPUAdapter;
}

describe('probing', () => {
  const platform: BackendPlatform = { ...nodeBackendPlatform(), logicalCores: 6 };

  it('finds wasm with SIMD in Node, threads only where isolated', async () => {
    expect((await probeBackends(platform)).wasm).toEqual({ simd: true, threads: 1 });
    expect((await probeBackends({ ...platform, crossOriginIsolated: true })).wasm).toEqual({
      simd: true,
      threads: 3,
    });
  });

  it('survives a null adapter and a failing request', async () => {
    const none = await probeBackends({ ...platform, gpu: gpuThat(() => Promise.resolve(null)) });
    expect(none.webgpu).toBe('there is no adapter');
    const failing = await probeBackends({
      ...platform,
      gpu: gpuThat(() => Promise.reject(new Error('blocked'))),
    });
    expect(failing.webgpu).toMatch(/blocked/);
  });

  it('recognises software adapters by flag and by name', () => {
    expect(describeAdapter(adapter({ vendor: 'google', architecture: 'swiftshader' })).software).toBe(true);
    expect(describeAdapter(adapter({ vendor: 'x', isFallbackAdapter: true })).software).toBe(true);
    expect(describeAdapter(adapter({}, { isFallbackAdapter: true })).software).toBe(true);
    expect(describeAdapter(adapter({ vendor: 'apple', architecture: 'metal-3' }))).toEqual({
      name: 'apple metal-3',
      software: false,
    });
  });
});

describe('starting', () => {
  it('falls back, and reports it, when the best backend does not start', async () => {
    const broken = adapter(
      { description: 'Some GPU' },
      { requestDevice: () => Promise.reject(new Error('out of memory')) },
    );
    const running = await initialiseBackend(null, {
      ...nodeBackendPlatform(),
      gpu: gpuThat(() => Promise.resolve(broken)),
    });
    expect(running.name).toBe('wasm');
    expect(running.device).toBe('1 thread, SIMD');
    expect(running.reason).toMatch(/could not start on Some GPU \(out of memory\)/);
    expect(tf.getBackend()).toBe('wasm');
  });

  it('never replaces an explicitly requested backend', async () => {
    const broken = adapter(
      { description: 'Some GPU' },
      { requestDevice: () => Promise.reject(new Error('out of memory')) },
    );
    const failure = initialiseBackend('webgpu', {
      ...nodeBackendPlatform(),
      gpu: gpuThat(() => Promise.resolve(broken)),
    });
    await expect(failure).rejects.toBeInstanceOf(ModelError);
    await expect(failure).rejects.toThrow(/could not start on Some GPU: out of memory/);
  });

  it('starts cpu on request', async () => {
    expect(await initialiseBackend('cpu', nodeBackendPlatform())).toMatchObject({
      name: 'cpu',
      reason: 'It was requested.',
    });
  });
});

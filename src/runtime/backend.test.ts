import { describe, expect, it } from 'vitest';
import { chooseBackend, isSoftwareRenderer, type BackendEnvironment } from './backend.ts';

const hardware = { name: 'Apple M2', software: false };
const software = { name: 'SwiftShader', software: true };
const wasm = { simd: true, threads: 2 };
const full: BackendEnvironment = { webgpu: hardware, webgl: hardware, wasm };

describe('the choice of a backend', () => {
  it.each([
    ['WebGPU on hardware', full, 'webgpu', 'Apple M2'],
    ['WebGL where WebGPU is software', { ...full, webgpu: software }, 'webgl', 'Apple M2'],
    ['WebGL where WebGPU is missing', { ...full, webgpu: 'there is no adapter' }, 'webgl', 'Apple M2'],
    ['wasm where both are software', { webgpu: software, webgl: software, wasm }, 'wasm', '2 threads, SIMD'],
    [
      'cpu where nothing else is available',
      { webgpu: 'gone', webgl: 'gone', wasm: 'gone' },
      'cpu',
      'plain JavaScript',
    ],
  ] as const)('%s', (_, environment, name, device) => {
    expect(chooseBackend(null, environment)).toMatchObject({ name, device });
  });

  it('says why it is not a faster one', () => {
    const { reason } = chooseBackend(null, {
      webgpu: software,
      webgl: 'there is no WebGL 2 in workers here',
      wasm,
    });
    expect(reason).toMatch(
      /software adapter \(SwiftShader\).*slower than WebAssembly.*no WebGL 2 in workers/,
    );
  });

  it('takes a software adapter only on request', () => {
    expect(chooseBackend('webgpu', { ...full, webgpu: software })).toMatchObject({
      name: 'webgpu',
      device: 'SwiftShader',
      reason: expect.stringContaining('requested, although WebGPU has only a software adapter') as string,
    });
  });

  it('rejects a requested backend that is missing', () => {
    expect(() => chooseBackend('webgpu', { ...full, webgpu: 'there is no adapter' })).toThrow(
      /"webgpu" was requested, but WebGPU: there is no adapter/,
    );
  });
});

describe('software renderers by name', () => {
  it.each([
    'SwiftShader Device (Subzero)',
    'ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (LLVM 10.0.0)), SwiftShader driver)',
    'llvmpipe (LLVM 15.0.7, 256 bits)',
    'Microsoft Basic Render Driver',
    'Gallium 0.4 on softpipe',
  ])('%s', (name) => {
    expect(isSoftwareRenderer(name)).toBe(true);
  });
  it.each(['ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 Direct3D11)', 'Apple M2', 'Mali-G78', 'Adreno (TM) 740'])(
    'not %s',
    (name) => {
      expect(isSoftwareRenderer(name)).toBe(false);
    },
  );
});

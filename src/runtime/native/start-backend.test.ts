import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkGolden } from '../golden-check.ts';
import { fromFolder } from '../load-model.node.ts';
import { findGraphicsHardware } from './graphics-hardware.node.ts';
import type { NativeBackendName } from './node-backends.ts';
import { startNodeBackend, type Machine } from './start-backend.node.ts';

const amd = { name: 'amdgpu', nvidia: false };
const nvidia = { name: 'NVIDIA', nvidia: true };

/** A machine with a card, on which the probe takes these milliseconds, or throws. */
function machine(
  hardware: ReturnType<Machine['graphicsHardware']>,
  times: Partial<Record<NativeBackendName, number>>,
): Partial<Machine> {
  return {
    graphicsHardware: () => hardware,
    hasCudaProvider: () => times.cuda !== undefined,
    probe: (_ort, name) => {
      const time = times[name];
      return time === undefined ? Promise.reject(new Error('No adapter.')) : Promise.resolve(time);
    },
  };
}

describe('without a request', () => {
  it.each([
    ['the processor without a card', null, { cpu: 10 }, [], 'cpu', 'No graphics card was found.'],
    [
      'a fast card',
      amd,
      { webgpu: 2, cpu: 10 },
      [],
      'webgpu',
      'WebGPU is 5.0 times as fast as the processor.',
    ],
    ['CUDA before WebGPU', nvidia, { cuda: 1, webgpu: 2, cpu: 10 }, [], 'cuda', 'CUDA is 10.0 times as'],
    [
      'WebGPU where CUDA is not installed',
      nvidia,
      { webgpu: 2, cpu: 10 },
      [],
      'webgpu',
      'The CUDA libraries of onnxruntime-node are not installed; WebGPU is 5.0',
    ],
    // As a software adapter would be.
    [
      'no slow card',
      amd,
      { webgpu: 900, cpu: 10 },
      [],
      'cpu',
      'WebGPU on amdgpu is slower than the processor.',
    ],
    ['no card that does not start', amd, { cpu: 10 }, [], 'cpu', 'WebGPU does not start (No adapter).'],
    ['no card that failed', amd, { webgpu: 2, cpu: 10 }, ['webgpu'], 'cpu', 'WebGPU failed in this run.'],
    ['TF.js after the processor failed', null, {}, ['cpu'], 'tfjs', 'processor failed in this run.'],
  ] as const)('takes %s, and says why', async (_, hardware, times, failed, name, reason) => {
    const started = await startNodeBackend(null, failed, { machine: machine(hardware, times), threads: 2 });
    expect(started.name).toBe(name);
    expect(started.reason.toLowerCase()).toContain(reason.toLowerCase());
  });
});

describe('on request', () => {
  it('starts the processor with the given threads', async () => {
    expect(await startNodeBackend('cpu', [], { threads: 1 })).toMatchObject({
      name: 'cpu',
      device: '1 thread',
      reason: 'It was requested.',
    });
  });

  it.each([
    ['webgpu', 'WebGPU does not start: No adapter.', 'driver'],
    ['cuda', 'CUDA does not start: No adapter.', '--onnxruntime-node-install=cuda12'],
    ['coreml', 'Core ML does not start: No adapter.', 'only on macOS'],
    ['dml', 'DirectML does not start: No adapter.', 'only on Windows'],
  ] as const)('%s says what it needs where it is missing', async (name, problem, remedy) => {
    const start = startNodeBackend(name, [], { machine: machine(null, {}) });
    await expect(start).rejects.toMatchObject({ code: 'backend', problem });
    await expect(start).rejects.toThrow(remedy);
    await expect(start).rejects.toThrow('--backend cpu');
  });
});

describe('where ONNX Runtime has no binary', () => {
  const without: Partial<Machine> = {
    importRuntime: () => Promise.reject(new Error("Cannot find module '../bin/onnxruntime_binding.node'")),
  };

  it('computes with TF.js, and says what to install', async () => {
    const started = await startNodeBackend(null, [], { machine: without });
    expect(started).toMatchObject({ name: 'tfjs' });
    expect(started.reason).toMatch(/does not load on .*several times slower.*npm install onnxruntime-node/);
    const readFile = fromFolder(path.resolve(import.meta.dirname, '../../../models/nano-single'));
    const segmenter = await started.loadModel('nano-single', readFile);
    expect(await checkGolden(segmenter, readFile)).toMatchObject({ passed: true });
    segmenter.dispose();
  });

  it('fails where ONNX Runtime was requested', async () => {
    await expect(startNodeBackend('cpu', [], { machine: without })).rejects.toThrow('use --backend tfjs');
  });
});

describe('the search for a graphics card', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'dualscope-hardware-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** The root of a Linux machine with render nodes of these kernel drivers. */
  function linux(name: string, drivers: readonly string[], devices: readonly string[] = []): string {
    const place = path.join(root, name);
    mkdirSync(path.join(place, 'dev/dri'), { recursive: true });
    drivers.forEach((driver, index) => {
      const node = `renderD${128 + index}`;
      writeFileSync(path.join(place, 'dev/dri', node), '');
      const device = path.join(place, 'sys/class/drm', node, 'device');
      mkdirSync(device, { recursive: true });
      symlinkSync(path.join('/sys/bus/pci/drivers', driver), path.join(device, 'driver'));
    });
    for (const device of devices) writeFileSync(path.join(place, 'dev', device), '');
    return place;
  }

  const find = (rootFolder: string, env: Record<string, string> = {}): unknown =>
    findGraphicsHardware({ platform: 'linux', arch: 'x64', root: rootFolder, env });

  it('knows the kernel drivers of Linux', () => {
    expect(find(linux('none', []))).toBeNull();
    expect(find(linux('virtual', ['virtio-pci', 'vgem']))).toBeNull();
    expect(find(linux('amd', ['virtio-pci', 'amdgpu']))).toEqual(amd);
    expect(find(linux('nvidia', [], ['nvidiactl']))).toEqual(nvidia);
  });

  it('finds none when the process is told to use a software driver', () => {
    const place = linux('intel', ['i915']);
    expect(find(place, { VK_DRIVER_FILES: '/usr/lib/chromium/vk_swiftshader_icd.json' })).toBeNull();
    expect(find(place, { VK_ICD_FILENAMES: '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json' })).toBeNull();
    expect(find(place, { VK_DRIVER_FILES: '/usr/share/vulkan/icd.d/intel_icd.x86_64.json' })).toEqual({
      name: 'i915',
      nvidia: false,
    });
  });

  it('trusts Apple’s, and measures elsewhere', () => {
    const at = (platform: NodeJS.Platform): unknown =>
      findGraphicsHardware({ platform, arch: 'arm64', root, env: {} });
    expect(at('darwin')).toMatchObject({ name: 'Apple GPU' });
    expect(at('win32')).not.toBeNull();
    expect(at('freebsd')).toBeNull();
  });
});

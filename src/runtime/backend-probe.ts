/** Finds out what this page, worker or process can compute on. Needs no DOM. */
import { isSoftwareRenderer, type BackendEnvironment, type GraphicsDevice } from './backend.ts';

/** The parts of the platform that backends need; tests and Node supply their own. */
export interface BackendPlatform {
  /** `navigator.gpu`; null where there is none. */
  readonly gpu: GPU | null;
  /** Returns a WebGL 2 context, or null. */
  readonly webgl: () => WebGL2RenderingContext | null;
  /** Whether SharedArrayBuffer, and therefore threads, are available. */
  readonly crossOriginIsolated: boolean;
  readonly logicalCores: number;
  /** Location of TF.js's three .wasm files: a folder ending in a slash, or a URL for each. */
  readonly wasmPaths: string | Readonly<Record<string, string>>;
}

/** The platform of a browser's page or worker. */
export function browserBackendPlatform(wasmPaths: BackendPlatform['wasmPaths']): BackendPlatform {
  return {
    // Absent on pages without a secure context and in older browsers, despite lib.dom.
    gpu: (navigator as { readonly gpu?: GPU }).gpu ?? null,
    webgl: () =>
      typeof OffscreenCanvas === 'undefined' ? null : new OffscreenCanvas(1, 1).getContext('webgl2'),
    crossOriginIsolated: globalThis.crossOriginIsolated,
    logicalCores: navigator.hardwareConcurrency,
    wasmPaths,
  };
}

export async function probeBackends(platform: BackendPlatform): Promise<BackendEnvironment> {
  return {
    webgpu: await probeWebGpu(platform.gpu),
    webgl: probeWebGl(platform.webgl),
    wasm: probeWasm(platform),
  };
}

/**
 * The adapter to compute on: a hardware one if possible, else any.
 * @returns null when there is none.
 */
export async function requestAdapter(gpu: GPU): Promise<GPUAdapter | null> {
  const options: GPURequestAdapterOptions = { powerPreference: 'high-performance' };
  return (await gpu.requestAdapter(options)) ?? (await gpu.requestAdapter({ forceFallbackAdapter: true }));
}

async function probeWebGpu(gpu: GPU | null): Promise<GraphicsDevice | string> {
  if (gpu === null) return 'this browser does not offer it here';
  try {
    const adapter = await requestAdapter(gpu);
    return adapter === null ? 'there is no adapter' : describeAdapter(adapter);
  } catch (error) {
    return `the adapter request failed (${error instanceof Error ? error.message : String(error)})`;
  }
}

/** Name and kind of an adapter; browsers reveal different parts. */
export function describeAdapter(adapter: GPUAdapter): GraphicsDevice {
  // `info` and its flag are newer than many browsers; the flag used to be on the adapter itself.
  const info = (adapter as { readonly info?: GPUAdapterInfo }).info;
  const flagged =
    info?.isFallbackAdapter ??
    (adapter as { readonly isFallbackAdapter?: boolean }).isFallbackAdapter ??
    false;
  const given = (part: string | undefined): string[] => (part === undefined || part === '' ? [] : [part]);
  const description = given(info?.description);
  const make = [...given(info?.vendor), ...given(info?.architecture)];
  return {
    name: description[0] ?? (make.length > 0 ? make.join(' ') : 'unnamed adapter'),
    software: flagged || [...description, ...given(info?.device), ...make].some(isSoftwareRenderer),
  };
}

function probeWebGl(context: () => WebGL2RenderingContext | null): GraphicsDevice | string {
  let gl: WebGL2RenderingContext | null;
  try {
    gl = context();
  } catch {
    gl = null;
  }
  if (gl === null) return 'there is no WebGL 2 in workers here';
  const debug = gl.getExtension('WEBGL_debug_renderer_info');
  const renderer: unknown = gl.getParameter(debug?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  const name = typeof renderer === 'string' && renderer !== '' ? renderer : 'unnamed renderer';
  return { name, software: isSoftwareRenderer(name) };
}

function probeWasm({ crossOriginIsolated, logicalCores }: BackendPlatform): BackendEnvironment['wasm'] {
  if (typeof WebAssembly === 'undefined') return 'this browser lacks it';
  return {
    simd: WebAssembly.validate(simdModule),
    threads: crossOriginIsolated ? threadsFor(logicalCores) : 1,
  };
}

/**
 * Half of the logical cores: the number of physical cores where two threads share one, and room for the page.
 * Beyond eight, maps of this size gain nothing.
 */
function threadsFor(logicalCores: number): number {
  return Math.max(1, Math.min(8, Math.ceil(logicalCores / 2)));
}

/** A module whose only function returns a 128-bit vector of zeros: valid only with SIMD. */
const simdModule = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // types: one, () -> v128
  ...[0x03, 0x02, 0x01, 0x00], // functions: one, of that type
  ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b], // its code: i32.const 0, i8x16.splat, end
]);

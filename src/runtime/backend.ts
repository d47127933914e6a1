/** Decides which TF.js backend to run on, from facts that `backend-probe.ts` gathers. */
import { ModelError } from './manifest.ts';

export const backendNames = ['webgpu', 'webgl', 'wasm', 'cpu'] as const;
export type BackendName = (typeof backendNames)[number];

/** A graphics processor, or its software emulation. */
export interface GraphicsDevice {
  /** For display: `Apple M2`, `SwiftShader`. */
  readonly name: string;
  /** Emulated on the processor: many times slower than the wasm backend. */
  readonly software: boolean;
}

/** What a page, worker or process offers. A string says why something is missing. */
export interface BackendEnvironment {
  readonly webgpu: GraphicsDevice | string;
  readonly webgl: GraphicsDevice | string;
  readonly wasm: { readonly simd: boolean; readonly threads: number } | string;
}

export interface BackendChoice<Name extends string = BackendName> {
  readonly name: Name;
  /** Adapter or processor: `Apple M2`, `SwiftShader`, `2 threads, SIMD`. */
  readonly device: string;
  /** A sentence: why this backend and not a faster one. */
  readonly reason: string;
}

/**
 * WebGPU on hardware, else WebGL on hardware, else wasm, else cpu. Software adapters only on request.
 * @param wanted the backend that the user requested; null for the best.
 * @throws ModelError `backend` when the wanted one is missing.
 */
export function chooseBackend(wanted: BackendName | null, environment: BackendEnvironment): BackendChoice {
  const offers = backendNames.map((name) => offerOf(name, environment));
  if (wanted !== null) {
    const offer = offers.find((candidate) => candidate.name === wanted);
    if (offer?.device == null) {
      throw new ModelError(
        'backend',
        wanted,
        `The backend "${wanted}" was requested, but ${offer?.obstacle ?? 'it is unknown'}.`,
        'Let Dualscope choose, or use another browser.',
      );
    }
    const warning = offer.obstacle === null ? '' : `, although ${offer.obstacle}`;
    return { name: wanted, device: offer.device, reason: `It was requested${warning}.` };
  }
  const obstacles: string[] = [];
  for (const { name, device, obstacle } of offers) {
    if (device !== null && obstacle === null) {
      const reason =
        obstacles.length === 0 ? 'The fastest way to compute in a browser.' : `${sentence(obstacles)}.`;
      return { name, device, reason };
    }
    if (obstacle !== null) obstacles.push(obstacle);
  }
  // Plain JavaScript runs everywhere.
  return { name: 'cpu', device: 'plain JavaScript', reason: `${sentence(obstacles)}.` };
}

interface Offer {
  readonly name: BackendName;
  /** null when it cannot run at all. */
  readonly device: string | null;
  /** Why not to choose it by default; null when there is no reason. */
  readonly obstacle: string | null;
}

function offerOf(name: BackendName, { webgpu, webgl, wasm }: BackendEnvironment): Offer {
  switch (name) {
    case 'webgpu':
      return graphicsOffer(name, 'WebGPU', webgpu);
    case 'webgl':
      return graphicsOffer(name, 'WebGL', webgl);
    case 'wasm': {
      if (typeof wasm === 'string') return { name, device: null, obstacle: `WebAssembly: ${wasm}` };
      const threads = wasm.threads === 1 ? '1 thread' : `${wasm.threads} threads`;
      return { name, device: wasm.simd ? `${threads}, SIMD` : threads, obstacle: null };
    }
    case 'cpu':
      return { name, device: 'plain JavaScript', obstacle: null };
  }
}

function graphicsOffer(name: BackendName, label: string, found: GraphicsDevice | string): Offer {
  if (typeof found === 'string') return { name, device: null, obstacle: `${label}: ${found}` };
  const obstacle = found.software
    ? `${label} has only a software adapter (${found.name}), which is slower than WebAssembly`
    : null;
  return { name, device: found.name, obstacle };
}

function sentence(parts: readonly string[]): string {
  return parts.join('; ');
}

/** Whether a renderer or adapter of this name computes in software. */
export function isSoftwareRenderer(name: string): boolean {
  return /swiftshader|llvmpipe|lavapipe|softpipe|basic render|software|\bwarp\b/i.test(name);
}

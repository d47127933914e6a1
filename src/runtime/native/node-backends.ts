/** The backends of a Node process: ONNX Runtime's providers, and TF.js where its library can't be loaded. */

/** In order of preference; `coreml` and `dml` only on request. */
export const nodeBackendNames = ['cuda', 'webgpu', 'coreml', 'dml', 'cpu', 'tfjs'] as const;
export type NodeBackendName = (typeof nodeBackendNames)[number];

/** What a user may request. */
export type BackendRequest = NodeBackendName | 'auto';

/** Those that ONNX Runtime computes. */
export type NativeBackendName = Exclude<NodeBackendName, 'tfjs'>;

/** How people call them. */
export const nodeBackendLabels: Readonly<Record<NodeBackendName, string>> = {
  cuda: 'CUDA',
  webgpu: 'WebGPU',
  coreml: 'Core ML',
  dml: 'DirectML',
  cpu: 'processor',
  tfjs: 'TensorFlow.js (WebAssembly)',
};

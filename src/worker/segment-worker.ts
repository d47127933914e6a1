/** Entry of the segmentation worker: runs the engine. */
// First: it has to run before any schema is built.
import '../base/zod-without-eval.ts';
import { memory } from '@tensorflow/tfjs-core';
import { initialiseBackend } from '../runtime/backend-initialise.ts';
import { browserBackendPlatform as backendPlatform } from '../runtime/backend-probe.ts';
import { memoryUse } from '../runtime/memory-use.ts';
import { wasmUrls } from '../runtime/wasm-urls.ts';
import { loadModel } from '../runtime/load-model.ts';
import { readManifest } from '../runtime/model-files.ts';
import { folderName, ModelFolders } from './model-folders.ts';
import { startReader } from './reader-client.ts';
import { serveRpc } from '../base/rpc.ts';
import type { SegmentWorkerApi } from './protocol.ts';
import { createSegmentService } from './segment-service.ts';
import { createStorageClient } from './storage-client.ts';

// A separate worker reads, decodes and resamples, in parallel with the network.
const reading = startReader();
const folders = new ModelFolders();

serveRpc<SegmentWorkerApi>(
  globalThis,
  createSegmentService({
    startBackend: (wanted, failed) => initialiseBackend(wanted, backendPlatform(wasmUrls), failed),
    numTensors: () => memory().numTensors,
    memoryUse,
    readManifest: (modelUrl) => readManifest(folderName(modelUrl), folders.readFile(modelUrl)),
    loadModel: (modelUrl, guard) =>
      loadModel(folderName(modelUrl), folders.readFile(modelUrl), { force: true, guard }),
    modelFile: (modelUrl) => folders.readFile(modelUrl),
    addModelFiles: (modelUrl, files) => folders.add(modelUrl, files),
    openSlide: (input) => reading.open(input),
    reader: (slide) => reading.reader(slide),
    storage: createStorageClient(),
  }),
);

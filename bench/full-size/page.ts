/** Runs a model's golden inputs in this page, by the code and on the backend that the app's worker uses. */
import { initialiseBackend } from '../../src/runtime/backend-initialise.ts';
import { browserBackendPlatform } from '../../src/runtime/backend-probe.ts';
import { goldenInputs, segmentGolden } from '../../src/runtime/golden-check.ts';
import { loadModel } from '../../src/runtime/load-model.ts';
import { fromUrl } from '../../src/runtime/model-files.ts';
import { wasmUrls } from '../../src/runtime/wasm-urls.ts';
import { timed, type RowTimes } from './row.ts';

type Measuring = Performance & {
  measureUserAgentSpecificMemory(): Promise<{ readonly bytes: number }>;
};

async function measure(modelUrl: string): Promise<RowTimes & { readonly classes: number[] }> {
  await initialiseBackend('wasm', browserBackendPlatform(wasmUrls));
  const readFile = fromUrl(modelUrl);
  const segmenter = await loadModel('full-size', readFile);
  const inputs = await goldenInputs(segmenter.manifest, readFile);
  const { ms, maps } = await timed(() => segmentGolden(segmenter, inputs));
  const { bytes } = await (performance as Measuring).measureUserAgentSpecificMemory();
  return { ms, megabytes: bytes / 1e6, classes: Array.from(maps.classes) };
}

Object.assign(window, { measure });

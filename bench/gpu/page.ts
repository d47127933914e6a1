/** Measures TF.js on WebGPU in a page, and posts the figures to the page's server. */
import { initialiseBackend } from '../../src/runtime/backend-initialise.ts';
import { browserBackendPlatform } from '../../src/runtime/backend-probe.ts';
import { measureTfjsModel } from './tfjs-model.ts';

const query = new URLSearchParams(location.search);
const model = query.get('model') ?? '';

async function measure(): Promise<object> {
  try {
    const { device } = await initialiseBackend('webgpu', browserBackendPlatform(''));
    const readFile = async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
      const response = await fetch(`${model}/${name}`);
      if (!response.ok) throw new Error(`${model}/${name}: ${String(response.status)}`);
      return new Uint8Array(await response.arrayBuffer());
    };
    const figures = await measureTfjsModel(model, readFile, Number(query.get('seconds')));
    return { device, browser: navigator.userAgent.replace(/^.*(Chrom\S+).*$/, '$1'), ...figures };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

await fetch('/result', { method: 'POST', body: JSON.stringify(await measure()) });

/** A model of eight-bit weights in half precision, which plain TF.js reads. Exact: see int8.ts. */
import { modelCard } from './card.ts';
import { parseManifest } from '../manifest.ts';
import { storedConstants } from '../model-constants.ts';
import type { ModelFiles } from '../model-files.ts';
import { sha256 } from '../sha256.ts';
import type { Constant } from './graph-def-nodes.ts';
import { packWeights, shardName } from './weight-shards.ts';

/**
 * @returns the files that change (manifest, graph, weight shards, card) by name; null for a model without eight-bit
 * weights.
 */
export async function widenedModel({
  manifest,
  graph,
  shards,
}: ModelFiles): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>> | null> {
  if (manifest.graph.dtype !== 'int8') return null;
  const specs = graph.weightsManifest[0]?.weights ?? [];
  const narrow = new Set(
    specs.filter(({ quantization }) => quantization?.dtype === 'int8').map(({ name }) => name),
  );
  const constants = [...storedConstants({ manifest, graph, shards })].map(
    ([name, { shape, dtype, data }]): Constant =>
      dtype === 'int32'
        ? { name, shape, dtype, data: data as () => Int32Array }
        : { name, shape, dtype, data: data as () => Float32Array, large: narrow.has(name) },
  );
  const weights = packWeights(constants, 'float16');
  const shardFiles = weights.shards.map((data, index): [string, Uint8Array<ArrayBuffer>] => [
    shardName(index, weights.shards.length),
    data,
  ]);
  const paths = shardFiles.map(([name]) => name);
  const modelJson = encode(
    JSON.stringify({ ...graph, weightsManifest: [{ paths, weights: weights.specs }] }),
  );
  const widened = parseManifest(
    {
      ...manifest,
      graph: {
        ...manifest.graph,
        dtype: 'float16',
        sha256: await sha256([modelJson]),
        weightsSha256: await sha256(weights.shards),
        weightsBytes: weights.bytes,
      },
    },
    `${manifest.id}/manifest.json`,
  );
  return new Map([
    ...shardFiles,
    [manifest.graph.file, modelJson],
    ['manifest.json', encode(`${JSON.stringify(widened, null, 2)}\n`)],
    ['README.md', encode(modelCard(widened))],
  ]);
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

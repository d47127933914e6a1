/** A model's files, read and checked. The same code runs in browser, worker and Node: file access is injected. */
import { z } from 'zod';
import { ModelError, parseManifest, type ModelManifest } from './manifest.ts';
import { sha256 } from './sha256.ts';

/**
 * Reads a file of a model's folder by its name.
 * @throws ModelError `not-found` when it does not exist.
 */
export type ReadFile = (name: string) => Promise<Uint8Array<ArrayBuffer>>;

const fileName = z.string().regex(/^[\w.-]+$/, 'expected a file name without directories');

/** The parts of `model.json` that are checked here, since TF.js checks nothing. */
const graphSchema = z.object({
  format: z.literal('graph-model'),
  signature: z.record(z.string(), z.unknown()),
  modelTopology: z.looseObject({
    node: z.array(
      z.looseObject({
        name: z.string(),
        op: z.string(),
        input: z.array(z.string()).optional(),
        attr: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
    versions: z.object({ producer: z.number(), minConsumer: z.number() }),
  }),
  weightsManifest: z
    .array(
      z.object({
        paths: z.array(fileName).min(1),
        weights: z.array(
          z.looseObject({
            name: z.string(),
            shape: z.array(z.number().int().nonnegative()),
            dtype: z.enum(['float32', 'int32']),
            quantization: z.looseObject({ dtype: z.literal('float16') }).optional(),
          }),
        ),
      }),
    )
    .length(1),
});

type GraphFile = z.infer<typeof graphSchema>;

/** A model's files, with verified hashes. */
export interface ModelFiles {
  readonly manifest: ModelManifest;
  readonly graph: GraphFile;
  readonly shards: readonly Uint8Array<ArrayBuffer>[];
}

/** Reads and checks all files of a model. @throws ModelError `not-found`, `bad-manifest`, `bad-graph` or `bad-weights`, naming the file. */
export async function readModelFiles(id: string, readFile: ReadFile): Promise<ModelFiles> {
  const manifest = await readManifest(id, readFile);
  const { graph } = manifest;
  const graphFile = `${id}/${graph.file}`;
  const json = await readFile(graph.file);
  if ((await sha256([json])) !== graph.sha256) {
    throw new ModelError(
      'bad-graph',
      graphFile,
      'The graph does not match the manifest’s hash.',
      reloadRemedy,
    );
  }
  const parsed = graphSchema.safeParse(parseJson(json, 'bad-graph', graphFile));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.join('.') ?? '';
    throw new ModelError(
      'bad-graph',
      graphFile,
      `The graph is invalid at "${where}": ${issue?.message ?? 'unknown'}.`,
      reloadRemedy,
    );
  }
  checkNames(manifest, parsed.data, graphFile);
  return { manifest, graph: parsed.data, shards: await readWeights(id, manifest, parsed.data, readFile) };
}

/** Loads and checks a model's manifest alone. @throws ModelError `not-found` or `bad-manifest`. */
export async function readManifest(id: string, readFile: ReadFile): Promise<ModelManifest> {
  const file = `${id}/manifest.json`;
  return parseManifest(parseJson(await readFile('manifest.json'), 'bad-manifest', file), file);
}

/**
 * Reads models below a URL, such as `new URL('models/nano-attention/', location.href)`.
 * @param fetchFile `fetch` by default.
 */
export function fromUrl(base: URL | string, fetchFile: typeof fetch = (...args) => fetch(...args)): ReadFile {
  return async (name) => {
    const url = new URL(name, base);
    let response: Response;
    try {
      response = await fetchFile(url);
    } catch (error) {
      throw new ModelError(
        'not-found',
        url.href,
        'The server cannot be reached.',
        'Check the connection and try again.',
        {
          cause: error,
        },
      );
    }
    if (!response.ok) {
      throw new ModelError(
        'not-found',
        url.href,
        `The server answered with status ${response.status}.`,
        'Check that the model is installed under models/.',
      );
    }
    return new Uint8Array(await response.arrayBuffer());
  };
}

export const reloadRemedy =
  'The file is damaged or belongs to another version: fetch or export the model again.';

async function readWeights(
  id: string,
  manifest: ModelManifest,
  { weightsManifest }: GraphFile,
  readFile: ReadFile,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const [group] = weightsManifest;
  const shards = await Promise.all((group?.paths ?? []).map((name) => readFile(name)));
  const files = `${id}/${group?.paths.join(', ') ?? ''}`;
  const bytes = shards.reduce((sum, shard) => sum + shard.length, 0);
  const described = (group?.weights ?? []).reduce((sum, { shape, dtype, quantization }) => {
    const perValue = dtype === 'float32' && quantization ? 2 : 4;
    return sum + perValue * shape.reduce((product, side) => product * side, 1);
  }, 0);
  if (bytes !== manifest.graph.weightsBytes || bytes !== described) {
    throw new ModelError(
      'bad-weights',
      files,
      `The weights have ${bytes} bytes; the manifest says ${manifest.graph.weightsBytes} and the graph ${described}.`,
      reloadRemedy,
    );
  }
  if ((await sha256(shards)) !== manifest.graph.weightsSha256) {
    throw new ModelError('bad-weights', files, 'The weights do not match the manifest’s hash.', reloadRemedy);
  }
  return shards;
}

/** Every node that the manifest names must be in the graph, and weights must belong to constants. */
function checkNames(
  { graph }: ModelManifest,
  { modelTopology, weightsManifest }: GraphFile,
  file: string,
): void {
  const ops = new Map(modelTopology.node.map((node) => [node.name, node.op]));
  const { inputs, outputs, contextFeatures } = graph;
  const named = [
    inputs.slice,
    inputs.context,
    inputs.sliceInContext,
    outputs.logits,
    outputs.packed,
    ...contextFeatures,
  ];
  for (const name of named) {
    if (name !== null && !ops.has(name)) {
      throw new ModelError(
        'bad-graph',
        file,
        `The manifest names the node "${name}", which is not in the graph.`,
        reloadRemedy,
      );
    }
  }
  const weights = new Set(weightsManifest.flatMap((group) => group.weights.map((weight) => weight.name)));
  for (const [name, op] of ops) {
    if (op === 'Const' && !weights.has(name)) {
      throw new ModelError('bad-graph', file, `The constant "${name}" has no weights.`, reloadRemedy);
    }
  }
}

function parseJson(bytes: Uint8Array, code: 'bad-graph' | 'bad-manifest', file: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ModelError(code, file, `The file is not JSON: ${message(error)}.`, reloadRemedy, {
      cause: error,
    });
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

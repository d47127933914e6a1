/** A model's files, read and checked. The same code runs in browser, worker and Node: file access is injected. */
import { z } from 'zod';
import { storedBytes } from './graph/weight-shards.ts';
import { ModelError, nodeName, parseManifest, plainFileName, type ModelManifest } from './manifest.ts';
import { ByteBudget, modelLimits } from './model-limits.ts';
import { joined, sha256 } from './sha256.ts';

/**
 * Reads a file of a model's folder by its name, which is plain (`plainFileName`).
 * @param budget what the file may still have; asked before its bytes are read.
 * @throws ModelError `not-found` when it does not exist, `too-large` when it exceeds the budget.
 */
export type ReadFile = (name: string, budget?: ByteBudget) => Promise<Uint8Array<ArrayBuffer>>;

/** A number in protobuf's JSON, where 64-bit integers are strings. */
const whole = z.union([z.number().int(), z.string().regex(/^-?\d{1,15}$/, 'expected an integer')]);
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, 'expected base64');

/** An attribute of a node, as far as it is read. */
const attribute = z.looseObject({
  b: z.boolean().optional(),
  i: whole.optional(),
  s: base64.optional(),
  type: z.string().optional(),
  shape: z
    .looseObject({
      dim: z
        .array(z.looseObject({ size: whole.optional() }))
        .max(8)
        .optional(),
    })
    .optional(),
  list: z
    .looseObject({ i: z.array(whole).max(64).optional(), s: z.array(base64).max(64).optional() })
    .optional(),
});

/** The parts of `model.json` that are checked here, since TF.js checks nothing. */
const graphSchema = z.object({
  format: z.literal('graph-model'),
  signature: z.record(z.string(), z.unknown()),
  modelTopology: z.looseObject({
    node: z
      .array(
        z.looseObject({
          name: nodeName,
          op: z.string().max(200),
          input: z.array(z.string().max(1000)).max(1000).optional(),
          attr: z.record(z.string(), attribute).optional(),
        }),
      )
      .max(modelLimits.nodes),
    versions: z.object({ producer: z.number(), minConsumer: z.number() }),
  }),
  weightsManifest: z
    .array(
      z.object({
        paths: z.array(plainFileName).min(1).max(modelLimits.shards),
        weights: z
          .array(
            z.looseObject({
              name: nodeName,
              shape: z.array(z.number().int().nonnegative().max(modelLimits.mapValues)).max(8),
              dtype: z.enum(['float32', 'int32']),
              quantization: z.looseObject({ dtype: z.enum(['float16', 'int8']) }).optional(),
            }),
          )
          .max(modelLimits.nodes),
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
  const json = await readFile(graph.file, new ByteBudget(modelLimits.graphBytes));
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
  const shards = await readWeights(id, manifest, parsed.data, readFile);
  return { manifest, graph: parsed.data, shards };
}

/** Loads and checks a model's manifest alone. @throws ModelError `not-found` or `bad-manifest`. */
export async function readManifest(id: string, readFile: ReadFile): Promise<ModelManifest> {
  const file = `${id}/manifest.json`;
  const json = await readFile('manifest.json', new ByteBudget(modelLimits.manifestBytes));
  return parseManifest(parseJson(json, 'bad-manifest', file), file);
}

/**
 * Reads models below a URL, such as `new URL('models/nano-attention/', location.href)`.
 * @param fetchFile `fetch` by default.
 */
export function fromUrl(base: URL | string, fetchFile: typeof fetch = (...args) => fetch(...args)): ReadFile {
  return async (name, budget) => {
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
    return budget === undefined ? new Uint8Array(await response.arrayBuffer()) : body(response, url, budget);
  };
}

/** The body of a response, which a server may make longer than it says. @throws ModelError `too-large` or `not-found`. */
async function body(response: Response, { href }: URL, budget: ByteBudget): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  try {
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      budget.take(part.value.length, href);
      chunks.push(part.value);
    }
  } catch (error) {
    void reader?.cancel().catch(() => undefined);
    if (error instanceof ModelError) throw error;
    throw new ModelError(
      'not-found',
      href,
      'The connection broke off.',
      'Check the connection and try again.',
      { cause: error },
    );
  }
  return joined(chunks);
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
  const paths = group?.paths ?? [];
  const files = `${id}/${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ', …' : ''}`;
  const { weightsBytes, weightsSha256 } = manifest.graph;
  const wrongSize = (what: string): ModelError =>
    new ModelError('bad-weights', files, `The weights have ${what}.`, reloadRemedy);
  if (new Set(paths).size < paths.length) {
    throw new ModelError('bad-weights', files, 'The graph names a file of weights twice.', reloadRemedy);
  }
  // Before anything is read: what the shapes need is what the manifest says, and what may be read.
  const described = (group?.weights ?? []).reduce((sum, spec) => sum + storedBytes(spec), 0);
  if (described !== weightsBytes) {
    throw wrongSize(`${described} bytes by the graph; the manifest says ${weightsBytes}`);
  }
  const budget = new ByteBudget(weightsBytes);
  const shards = await Promise.all(paths.map((name) => readFile(name, budget)));
  const bytes = shards.reduce((sum, shard) => sum + shard.length, 0);
  if (bytes !== weightsBytes) throw wrongSize(`${bytes} bytes; the manifest says ${weightsBytes}`);
  if ((await sha256(shards)) !== weightsSha256) {
    throw new ModelError('bad-weights', files, 'The weights do not match the manifest’s hash.', reloadRemedy);
  }
  return shards;
}

/** Every node that the manifest names must be in the graph, and weights must belong to constants. */
function checkNames(
  { graph, domain }: ModelManifest,
  { modelTopology, weightsManifest }: GraphFile,
  file: string,
): void {
  const ops = new Map(modelTopology.node.map((node) => [node.name, node.op]));
  const twice = (name: string): ModelError =>
    new ModelError('bad-graph', file, `The graph has the name "${name}" twice.`, reloadRemedy);
  if (ops.size < modelTopology.node.length) throw twice(firstRepeated(modelTopology.node) ?? '');
  const { inputs, outputs, contextFeatures } = graph;
  const stages = domain?.stages.map(({ node }) => node) ?? [];
  const named = [
    inputs.slice,
    inputs.context,
    inputs.sliceInContext,
    outputs.logits,
    outputs.packed,
    ...contextFeatures,
    ...stages,
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
  const constants = weightsManifest.flatMap((group) => group.weights);
  const weights = new Set(constants.map(({ name }) => name));
  if (weights.size < constants.length) throw twice(firstRepeated(constants) ?? '');
  for (const [name, op] of ops) {
    if (op === 'Const' && !weights.has(name)) {
      throw new ModelError('bad-graph', file, `The constant "${name}" has no weights.`, reloadRemedy);
    }
  }
}

function firstRepeated(named: readonly { readonly name: string }[]): string | undefined {
  const seen = new Set<string>();
  return named.find(({ name }) => seen.size === seen.add(name).size)?.name;
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

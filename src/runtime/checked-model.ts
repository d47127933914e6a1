/**
 * Loads a model and believes nothing: its files, its graph, what it computes. Page and Node share this; what runs the
 * network is injected.
 */
import { checkNetwork } from './graph/check-network.ts';
import type { RecordedNetwork } from './graph/graph-model.ts';
import { readDistance, withDistance } from './domain/slice-distance.ts';
import { checkGolden, failedCheckError } from './golden-check.ts';
import { ModelError } from './manifest.ts';
import { nonFiniteConstant } from './model-constants.ts';
import { readModelFiles, type ModelFiles, type ReadFile } from './model-files.ts';
import { checkedOutputs } from './output-checks.ts';
import type { Segmenter } from './segmenter.ts';

export interface LoadOptions {
  /**
   * Loads a model that fails its golden check, too; `Segmenter.failedCheck` then says why, and every result has to. What
   * the manifest and the graph say of each other has to be right all the same. False by default.
   */
  readonly force?: boolean;
  /** Wraps the network for its golden check, so that a device that fails then is not taken for a wrong model. */
  readonly guard?: (segmenter: Segmenter) => Segmenter;
}

/** Makes a network ready to run. @param network as the graph describes it. */
export type StartSegmenter = (files: ModelFiles, network: RecordedNetwork) => Promise<Segmenter>;

/**
 * A model whose files, graph and golden output are what the manifest says.
 * @param id names the model in messages; the folder's name is a good choice.
 * @throws ModelError `not-found`, `too-large`, `bad-manifest`, `bad-graph`, `bad-weights`, `bad-output`, or `failed-check`.
 */
export async function loadChecked(
  id: string,
  readFile: ReadFile,
  start: StartSegmenter,
  { force = false, guard = (segmenter) => segmenter }: LoadOptions = {},
): Promise<Segmenter> {
  const segmenter = await startChecked(id, readFile, start);
  try {
    const { problem } = await checkGolden(guard(segmenter), readFile);
    if (problem === null) return segmenter;
    if (force) return Object.assign(segmenter, { failedCheck: problem });
    throw failedCheckError(id, problem);
  } catch (error) {
    segmenter.dispose();
    throw error;
  }
}

/** The same without the golden check, whose expected output the exporter has yet to compute. @throws ModelError. */
export async function startChecked(
  id: string,
  readFile: ReadFile,
  start: StartSegmenter,
): Promise<Segmenter> {
  const files = await readModelFiles(id, readFile);
  const broken = nonFiniteConstant(files);
  if (broken !== null) {
    throw new ModelError(
      'bad-weights',
      id,
      `The weights "${broken}" have values that are not finite numbers.`,
      'The training has diverged or the file is damaged: train, fetch or export the model again.',
    );
  }
  const network = checkNetwork(id, files);
  const distanceOf = await readDistance(id, files.manifest, readFile);
  return withDistance(checkedOutputs(id, await start(files, network)), distanceOf);
}

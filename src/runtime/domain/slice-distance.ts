/** Gives a model's segmenter its `distance`, from the statistics in the model's folder. */
import type { ModelManifest } from '../manifest.ts';
import { ModelError } from '../manifest.ts';
import { reloadRemedy, type ReadFile } from '../model-files.ts';
import { ByteBudget } from '../model-limits.ts';
import { sha256 } from '../sha256.ts';
import type { Segmenter } from '../segmenter.ts';
import { decodeStatistics, featureDistance, valuesOfStage, type EncoderMeans } from './feature-distance.ts';

/** The values to measure, and what their means say. */
export interface SliceDistance {
  readonly nodes: readonly string[];
  /** 1 is the distance within which 95 % of slices of unseen patients lie. */
  of(means: EncoderMeans): number;
}

/**
 * Reads a model's statistics; null if it has none.
 * @param id names the model in messages.
 * @throws ModelError `not-found`, `too-large`, `bad-input` when the file is not what the manifest says.
 */
export async function readDistance(
  id: string,
  { domain }: Pick<ModelManifest, 'domain'>,
  readFile: ReadFile,
): Promise<SliceDistance | null> {
  if (domain === undefined) return null;
  const file = `${id}/${domain.file}`;
  const channels = domain.stages.map((stage) => stage.channels);
  const size = 4 * channels.reduce((sum, count) => sum + valuesOfStage(count), 0);
  const bytes = await readFile(domain.file, new ByteBudget(size));
  if ((await sha256([bytes])) !== domain.sha256) {
    throw new ModelError('bad-input', file, 'The statistics do not match the manifest’s hash.', reloadRemedy);
  }
  const statistics = decodeStatistics(bytes, channels, file);
  return {
    nodes: domain.stages.map(({ node }) => node),
    of: (means) => featureDistance(statistics, means) / domain.typical,
  };
}

/** The segmenter with `distance`, if the model has statistics and the network can be asked. */
export function withDistance(segmenter: Segmenter, distance: SliceDistance | null): Segmenter {
  const measure = segmenter.encoderMeans?.bind(segmenter);
  if (distance === null || measure === undefined) return segmenter;
  const { nodes } = distance;
  return Object.assign(segmenter, {
    distance: async (slice: Parameters<typeof measure>[0]) => distance.of(await measure(slice, nodes)),
  });
}

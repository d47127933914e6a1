/** Writes measured figures into an exported model: manifest, card and resource description. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelCard, resourceDescription } from '../runtime/graph/card.ts';
import { parseManifest, type ModelManifest } from '../runtime/manifest.ts';

/**
 * @param place `metrics` for the figures that the model is known by, `furtherMetrics` for figures on other data, which stand below
 *   them; earlier ones with the same words for the data are replaced where they stand.
 * @throws ModelError when the folder's manifest is not valid.
 */
export async function recordMetrics(
  folder: string,
  metrics: NonNullable<ModelManifest['metrics']>,
  place: 'metrics' | 'furtherMetrics',
): Promise<void> {
  const file = join(folder, 'manifest.json');
  const old = parseManifest(JSON.parse(await readFile(file, 'utf8')), file);
  const further = old.furtherMetrics ?? [];
  const furtherMetrics = further.some(({ data }) => data === metrics.data)
    ? further.map((known) => (known.data === metrics.data ? metrics : known))
    : [...further, metrics];
  const change = place === 'metrics' ? { metrics } : { furtherMetrics };
  const manifest = parseManifest({ ...old, ...change }, file);
  await writeFile(file, `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(join(folder, 'README.md'), modelCard(manifest));
  await writeFile(join(folder, 'rdf.yaml'), resourceDescription(manifest));
}

/** Writes measured figures into an exported model: manifest, card and resource description. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelCard } from '../runtime/graph/card.ts';
import { resourceDescription } from '../runtime/graph/rdf.ts';
import { parseManifest, type ModelManifest } from '../runtime/manifest.ts';

/** @throws ModelError when the folder's manifest is not valid. */
export async function recordMetrics(
  folder: string,
  metrics: NonNullable<ModelManifest['metrics']>,
): Promise<void> {
  const file = join(folder, 'manifest.json');
  const old = parseManifest(JSON.parse(await readFile(file, 'utf8')), file);
  const manifest = parseManifest({ ...old, metrics }, file);
  await writeFile(file, `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(join(folder, 'README.md'), modelCard(manifest));
  await writeFile(join(folder, 'rdf.yaml'), resourceDescription(manifest));
}

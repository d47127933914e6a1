/** Models on disk: finds their folders and reads their manifests. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fromFolder } from '../runtime/load-model.node.ts';
import { readManifest } from '../runtime/model-files.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { CommandError } from './command.ts';
import { packageFolder } from './package-info.ts';

/**
 * The folder of a model.
 * @param model id of a model in this package's models/, or a model folder.
 * @throws CommandError when no such model exists.
 */
export function modelFolder(model: string): string {
  const folders = [resolve(model), join(packageFolder, 'models', model)];
  const folder = folders.find((each) => existsSync(join(each, 'manifest.json')));
  if (folder !== undefined) return folder;
  throw new CommandError(
    `${model}: Unknown model. Give the id of a model in models/ or a folder with a manifest.json.`,
  );
}

/**
 * A model's manifest, read without starting a backend.
 * @throws CommandError when no such model exists; ModelError when its manifest is invalid.
 */
export async function manifestOf(model: string): Promise<ModelManifest> {
  const folder = modelFolder(model);
  return readManifest(basename(folder), fromFolder(folder));
}

/** Class names, ordered by class value. */
export function classNames(manifest: ModelManifest): string[] {
  return manifest.classes.map(({ name }) => name);
}

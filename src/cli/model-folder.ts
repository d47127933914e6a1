/** Models on disk: finding their folders, reading what they say of themselves. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fromFolder } from '../runtime/load-model.node.ts';
import { readManifest } from '../runtime/load-model.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { CommandError } from './command.ts';
import { packageFolder } from './package-folder.ts';

/**
 * The folder of a model.
 * @param model an id below models/ of this package, or a folder that holds a manifest.
 * @throws CommandError when there is no such model.
 */
export function modelFolder(model: string): string {
  const folders = [resolve(model), join(packageFolder, 'models', model)];
  const folder = folders.find((each) => existsSync(join(each, 'manifest.json')));
  if (folder !== undefined) return folder;
  throw new CommandError(
    `${model}: There is no such model. Give an id below models/ or a folder that holds a manifest.json.`,
  );
}

/**
 * A model's manifest alone: what it would segment, before anything is started.
 * @throws CommandError when there is no such model; ModelError when its manifest is damaged.
 */
export async function manifestOf(model: string): Promise<ModelManifest> {
  const folder = modelFolder(model);
  return readManifest(basename(folder), fromFolder(folder));
}

/** Names of the classes, in the order of their values. */
export function classNames(manifest: ModelManifest): string[] {
  return manifest.classes.map(({ name }) => name);
}

/** The file's name without folder and extension: its results are named by it. */
export function stem(file: string): string {
  return basename(file).replace(/\.[^.]+$/, '');
}

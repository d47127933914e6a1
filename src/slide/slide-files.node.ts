/** Which files on disk make up the slide at a path: a file, a file with a folder or files beside it, or a folder. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fsPath, namesIn } from '../base/fs-path.node.ts';
import type { PlacedFile } from './path-byte-source.node.ts';
import {
  maxFolderDepth,
  maxFolderFiles,
  companionsOf,
  isSlideName,
  marksFolder,
  slideSets,
  vastMark,
  type SlideSet,
} from '../base/slide-sets.ts';
import { SlideError } from './slide.ts';

/**
 * The files of the slide at a path, in the order of their places.
 * @param path as `textOfPath` gives it where it is not UTF-8
 * @throws SlideError `not-found` for a folder without files, `unsupported` for one with several slides or too many files.
 */
export async function slideFiles(path: string): Promise<PlacedFile[]> {
  const info = await stat(fsPath(path)).catch(() => null);
  const name = basename(resolve(path));
  if (info?.isDirectory() === true) {
    const names = await namesIn(path).catch((): string[] => []);
    const vast = vastMark(names.sort());
    return vast === null ? ofFolder(path, name) : [{ path: join(path, vast), place: `${name}/${vast}` }];
  }
  if (info !== null && vastMark([name]) !== null) {
    return [{ path, place: `${basename(dirname(resolve(path)))}/${name}` }];
  }
  if (info !== null && marksFolder(name)) return ofFolder(dirname(resolve(path)));
  const companions = companionsOf(name);
  if (info === null || companions === null) return [{ path, place: name }];
  return withCompanions(path, name, companions.folder);
}

/**
 * Files that the user named one by one, with their places below the folder that holds all of them.
 * @param paths several files
 */
export function namedFiles(paths: readonly string[]): PlacedFile[] {
  const absolute = paths.map((path) => resolve(path));
  let root = dirname(absolute[0] ?? '');
  while (!absolute.every((path) => isWithin(path, root)) && dirname(root) !== root) root = dirname(root);
  return paths.map((path, i) => ({ path, place: placeOf(relative(root, absolute[i] ?? path)) }));
}

const isWithin = (path: string, folder: string): boolean =>
  path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

const placeOf = (path: string): string => path.split(sep).join('/');

async function withCompanions(path: string, name: string, folder: string | null): Promise<PlacedFile[]> {
  const parent = dirname(path);
  const files: PlacedFile[] = [];
  if (folder === null) {
    for (const other of await namesIn(parent)) files.push({ path: join(parent, other), place: other });
  } else {
    files.push({ path, place: name }, ...(await filesBelow(join(parent, folder), folder)));
  }
  const { sets } = slideSets(files.map((file) => ({ ...file, path: file.place, disk: file.path })));
  const set = sets.find((one) => one.files.some((file) => file.place === name));
  if (set === undefined) return [{ path, place: name }];
  return inOrder(set.files.map(({ disk, place }) => ({ path: disk, place })));
}

async function ofFolder(folder: string, name = basename(folder)): Promise<PlacedFile[]> {
  const files = await filesBelow(folder, name);
  const { sets, others } = slideSets(files.map((file) => ({ ...file, path: file.place, disk: file.path })));
  const alone = others.filter(({ place }) => isSlideName(place));
  const [set] = sets;
  if (set !== undefined) {
    if (sets.length + alone.length > 1) throw severalSlides(name, sets, alone);
    return inOrder(set.files.map(({ disk, place }) => ({ path: disk, place })));
  }
  // The files of a series lie in one folder; what is below is something else.
  const top = files.filter(({ place }) => place.split('/').length === 2);
  if (files.length === 0) {
    throw new SlideError('not-found', name, 'The folder is empty.', 'Give a slide file.');
  }
  return inOrder(top.length > 0 ? top : files);
}

function severalSlides(
  folder: string,
  sets: readonly Pick<SlideSet<{ readonly path: string }>, 'title'>[],
  alone: readonly PlacedFile[],
): SlideError {
  const names = [...sets.map(({ title }) => title), ...alone.map(({ place }) => basename(place))];
  const listed = names.slice(0, 5).join(', ');
  return new SlideError(
    'unsupported',
    folder,
    `The folder holds ${names.length} slides: ${names.length > 5 ? `${listed} and others` : listed}.`,
    'Give one of them. Many slides are for: dualscope cohort --help',
  );
}

/**
 * All files below a folder. Links are followed.
 * @param place of the folder itself
 * @returns none where there is no such folder
 */
async function filesBelow(folder: string, place: string): Promise<PlacedFile[]> {
  const files: PlacedFile[] = [];
  const folders: { readonly path: string; readonly place: string; readonly depth: number }[] = [
    { path: folder, place, depth: 1 },
  ];
  for (let next = folders.shift(); next !== undefined; next = folders.shift()) {
    const { path, place: at, depth } = next;
    const names = await namesIn(path).catch((cause: NodeJS.ErrnoException): string[] => {
      if (cause.code === 'ENOENT') return [];
      throw unreadable(basename(path), cause);
    });
    for (const name of names.sort()) {
      const entry = { path: join(path, name), place: `${at}/${name}` };
      const info = await stat(fsPath(entry.path)).catch(() => null);
      if (info?.isFile() === true) files.push(entry);
      // A link back to a folder above ends here, too.
      else if (info?.isDirectory() === true && depth < maxFolderDepth)
        folders.push({ ...entry, depth: depth + 1 });
      if (files.length + folders.length > maxFolderFiles) {
        throw new SlideError(
          'unsupported',
          basename(folder),
          `The folder holds more than ${maxFolderFiles.toLocaleString('en')} files.`,
          'Give the folder of one slide, or its main file.',
        );
      }
    }
  }
  return files;
}

function unreadable(folder: string, cause: NodeJS.ErrnoException): SlideError {
  return new SlideError(
    'not-found',
    folder,
    `The folder cannot be read (${cause.code ?? 'unknown'}).`,
    'Check its permissions.',
    { cause },
  );
}

const inOrder = (files: readonly PlacedFile[]): PlacedFile[] =>
  [...files].sort((a, b) => (a.place < b.place ? -1 : 1));

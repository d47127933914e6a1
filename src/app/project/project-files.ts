/** The slides in a folder, as a project lists them and as they are opened. */
import type { FoundSlide } from '../../project/merge-folder.ts';
import type { ChosenFile, SlideInput } from '../../worker/protocol.ts';
import { groupSlideFiles } from '../session/group-slide-files.ts';

export interface FolderSlide extends FoundSlide {
  readonly input: SlideInput;
}

/** The slides of a folder. @param files whose paths begin with the folder's name */
export async function slidesOfFolder(files: readonly ChosenFile[]): Promise<FolderSlide[]> {
  return (await groupSlideFiles(files)).map(({ title, files: group }) => ({
    name: title,
    path: belowRoot(mainPath(group)),
    bytes: group.reduce((sum, { file }) => sum + file.size, 0),
    input: { kind: 'file', files: group },
  }));
}

/** The path of the main file: the one that lies highest, the first of these by name. Browsers list files in any order. */
function mainPath(files: readonly ChosenFile[]): string {
  const depth = (path: string): number => path.split('/').length;
  return files
    .map(({ path }) => path)
    .reduce((best, path) =>
      depth(path) < depth(best) || (depth(path) === depth(best) && path < best) ? path : best,
    );
}

const belowRoot = (path: string): string => path.slice(path.indexOf('/') + 1);

/** The name of the folder that all files lie in; null for loose files. */
export function folderNameOf(files: readonly ChosenFile[]): string | null {
  const [first] = files;
  const end = first?.path.indexOf('/') ?? -1;
  if (first === undefined || end < 0) return null;
  const start = first.path.slice(0, end + 1);
  return files.every(({ path }) => path.startsWith(start)) ? first.path.slice(0, end) : null;
}

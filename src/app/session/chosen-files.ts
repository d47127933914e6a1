/** Files and folders that the user picked or dropped, with their places. */
import { WorkerError } from '../../base/error-report.ts';
import { maxFolderDepth, maxFolderFiles } from '../../base/slide-sets.ts';
import type { ChosenFile } from '../../worker/protocol.ts';

/** Files of a file dialog. Rejects with a WorkerError for a folder with too many. */
export function chosenFiles(files: readonly File[]): Promise<ChosenFile[]> {
  const chosen = files.map((file) => ({ file, path: file.webkitRelativePath || file.name }));
  return chosen.length > maxFolderFiles
    ? Promise.reject(tooMany(chosen[0]?.path ?? ''))
    : Promise.resolve(chosen);
}

/**
 * Files that were dropped, those in folders included. Call it within the event: afterwards the browser forgets what was dropped.
 * Rejects with a WorkerError for a folder with too many files, or one that cannot be read.
 */
export function droppedFiles(transfer: DataTransfer | null): Promise<ChosenFile[]> {
  const entries = [...(transfer?.items ?? [])].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (!entries.some((entry) => entry.isDirectory)) return chosenFiles([...(transfer?.files ?? [])]);
  return filesOf(entries);
}

/** A place in a dropped folder. */
interface Found {
  readonly entry: FileSystemEntry;
  readonly path: string;
  readonly depth: number;
}

async function filesOf(entries: readonly FileSystemEntry[]): Promise<ChosenFile[]> {
  const files: ChosenFile[] = [];
  const found: Found[] = entries.map((entry) => ({ entry, path: entry.name, depth: 1 }));
  // The list grows while it is walked.
  for (const { entry, path, depth } of found) {
    if (isFile(entry)) files.push({ file: await fileOf(entry, path), path });
    else if (isFolder(entry) && depth < maxFolderDepth) {
      for (const inner of await entriesOf(entry, path)) {
        found.push({ entry: inner, path: `${path}/${inner.name}`, depth: depth + 1 });
      }
    }
    if (found.length > maxFolderFiles) throw tooMany(entries[0]?.name ?? '');
  }
  return files;
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

function fileOf(entry: FileSystemFileEntry, path: string): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, () => reject(unreadable(path))));
}

/** All entries of a folder, which browsers hand out in parts. */
async function entriesOf(folder: FileSystemDirectoryEntry, path: string): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, () => reject(unreadable(path))),
    );
    entries.push(...part);
    if (part.length === 0 || entries.length > maxFolderFiles) return entries;
  }
}

/** @param path of any file in it */
function tooMany(path: string): WorkerError {
  return new WorkerError({
    code: 'unsupported',
    file: path.split('/')[0] ?? path,
    problem: `The folder holds more than ${maxFolderFiles.toLocaleString('en')} files.`,
    remedy: 'Open the folder of one slide.',
  });
}

function unreadable(path: string): WorkerError {
  return new WorkerError({
    code: 'not-found',
    file: path,
    problem: 'It cannot be read.',
    remedy: 'Check its permissions, or choose it with “Open folder…”.',
  });
}

/** Folders that the browser lets us read again: choosing one, walking it, and asking for it in a later visit. */
import { WorkerError } from '../../base/error-report.ts';
import { maxFolderDepth, maxFolderFiles } from '../../base/slide-sets.ts';
import type { ChosenFile } from '../../worker/protocol.ts';

/** The parts of the File System Access API that TypeScript does not know. */
interface FolderPicker {
  showDirectoryPicker?(options: { id: string; mode: 'read' }): Promise<FileSystemDirectoryHandle>;
}
interface AskingHandle {
  queryPermission?(options: { mode: 'read' }): Promise<PermissionState>;
  requestPermission?(options: { mode: 'read' }): Promise<PermissionState>;
}
interface HandleItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** Files whose sizes are asked for at the same time. */
const together = 32;

/** Whether the browser's dialog gives folders that can be opened again. */
export const canChooseFolder = (): boolean => (window as FolderPicker).showDirectoryPicker !== undefined;

/** Asks for a folder. Call it from a user action. @returns null if the user cancels */
export async function chooseFolder(): Promise<FileSystemDirectoryHandle | null> {
  try {
    return (await (window as FolderPicker).showDirectoryPicker?.({ id: 'slides', mode: 'read' })) ?? null;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
}

/** The folder that was dropped; null if it was none or several. Call it within the event. */
export async function droppedFolder(
  transfer: DataTransfer | null,
): Promise<FileSystemDirectoryHandle | null> {
  const items = [...(transfer?.items ?? [])].filter(({ kind }) => kind === 'file');
  const [only, second] = items as (DataTransferItem & HandleItem)[];
  if (only?.getAsFileSystemHandle === undefined || second !== undefined) return null;
  const handle = await only.getAsFileSystemHandle().catch(() => null);
  return handle?.kind === 'directory' ? (handle as FileSystemDirectoryHandle) : null;
}

/** @param ask whether to ask the user, who must have just pressed something */
export async function mayRead(folder: FileSystemDirectoryHandle, ask: boolean): Promise<boolean> {
  const handle = folder as AskingHandle;
  const options = { mode: 'read' } as const;
  if (handle.queryPermission === undefined || (await handle.queryPermission(options)) === 'granted')
    return true;
  return ask && (await handle.requestPermission?.(options)) === 'granted';
}

/**
 * All files of a folder; their paths begin with its name, as those of the file dialog.
 * @throws WorkerError for a folder with too many files, or one that was moved or cannot be read.
 */
export async function filesOfFolder(folder: FileSystemDirectoryHandle): Promise<ChosenFile[]> {
  const found: { readonly handle: FileSystemFileHandle; readonly path: string }[] = [];
  const folders = [{ handle: folder, path: folder.name, depth: 1 }];
  try {
    // The list grows while it is walked.
    for (const { handle, path, depth } of folders) {
      for await (const entry of handle.values()) {
        const place = `${path}/${entry.name}`;
        if (isFolder(entry)) {
          if (depth < maxFolderDepth) folders.push({ handle: entry, path: place, depth: depth + 1 });
        } else found.push({ handle: entry, path: place });
        if (found.length + folders.length > maxFolderFiles) throw tooMany(folder.name);
      }
    }
    const files: ChosenFile[] = [];
    for (let at = 0; at < found.length; at += together) {
      const some = found.slice(at, at + together);
      files.push(
        ...(await Promise.all(
          some.map(async ({ handle, path }) => ({ file: await handle.getFile(), path })),
        )),
      );
    }
    return files;
  } catch (error) {
    if (error instanceof WorkerError) throw error;
    throw new WorkerError({
      code: 'not-found',
      file: folder.name,
      problem: 'The folder cannot be read: it was moved or deleted, or its drive is not connected.',
      remedy: 'Connect the drive, or choose the folder where it is now.',
    });
  }
}

const isFolder = (entry: FileSystemHandle): entry is FileSystemDirectoryHandle => entry.kind === 'directory';

function tooMany(file: string): WorkerError {
  return new WorkerError({
    code: 'unsupported',
    file,
    problem: `The folder holds more than ${maxFolderFiles.toLocaleString('en')} files.`,
    remedy: 'Open a folder that holds fewer.',
  });
}

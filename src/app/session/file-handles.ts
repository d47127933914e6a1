/**
 * Handles of files that the user chose (File System Access API): with one, a file can be opened again at a later visit, once
 * the user has agreed. Browsers without the API give none.
 */
import type { ChosenFile } from '../../worker/protocol.ts';

/** A file's handle, and its place as in `ChosenFile`. */
export interface KeptHandle {
  readonly path: string;
  readonly handle: FileSystemFileHandle;
}

/** Parts of the API that TypeScript does not know. */
interface Permitted {
  requestPermission?(options: { readonly mode: 'read' }): Promise<PermissionState>;
}
interface WithPicker {
  showOpenFilePicker?(options: { readonly multiple: true }): Promise<FileSystemFileHandle[]>;
}

const handles = new WeakMap<File, FileSystemFileHandle>();
let pending: Promise<unknown> = Promise.resolve();

/** Whether this browser's file dialog gives handles. */
export function hasFilePicker(): boolean {
  return typeof (window as WithPicker).showOpenFilePicker === 'function';
}

/** Files of the browser's dialog, whose handles are remembered; none if the user cancels. */
export async function pickWithHandles(): Promise<File[]> {
  const picked = await (window as WithPicker).showOpenFilePicker?.({ multiple: true }).catch(() => []);
  return Promise.all((picked ?? []).map(fileOf));
}

/** Remembers the handles of files that are being dropped. Call it within the event. */
export function rememberDropped(transfer: DataTransfer | null): void {
  const items = [...(transfer?.items ?? [])].filter(({ kind }) => kind === 'file');
  const found = items.flatMap((item) => ('getAsFileSystemHandle' in item ? [handleOfItem(item)] : []));
  const files = [...(transfer?.files ?? [])];
  pending = Promise.all(found).then(async (all) => {
    for (const handle of all) {
      if (handle === null) continue;
      const { name, size, lastModified } = await handle.getFile();
      const file = files.find(
        (each) => each.name === name && each.size === size && each.lastModified === lastModified,
      );
      if (file !== undefined) handles.set(file, handle);
    }
  });
  // Without handles the files open all the same.
  pending = pending.catch(() => undefined);
}

async function handleOfItem(item: DataTransferItem): Promise<FileSystemFileHandle | null> {
  const get = item as unknown as { getAsFileSystemHandle(): Promise<FileSystemHandle | null> };
  const handle = await get.getAsFileSystemHandle().catch(() => null);
  return handle?.kind === 'file' ? (handle as FileSystemFileHandle) : null;
}

/** The handles of all files; null if one has none. */
export async function handlesOf(files: readonly ChosenFile[]): Promise<KeptHandle[] | null> {
  await pending;
  const found = files.flatMap(({ file, path }) => {
    const handle = handles.get(file);
    return handle === undefined ? [] : [{ path, handle }];
  });
  return found.length === files.length && found.length > 0 ? found : null;
}

/**
 * The files behind handles, once the user agrees. Call it from a user action; browsers require one to ask.
 * @returns null if the user does not agree. Rejects when a file is gone.
 */
export async function filesOf(kept: readonly KeptHandle[]): Promise<ChosenFile[] | null> {
  for (const { handle } of kept) {
    const state = await (handle as Permitted).requestPermission?.({ mode: 'read' });
    if (state !== undefined && state !== 'granted') return null;
  }
  return Promise.all(kept.map(async ({ path, handle }) => ({ path, file: await fileOf(handle) })));
}

async function fileOf(handle: FileSystemFileHandle): Promise<File> {
  const file = await handle.getFile();
  handles.set(file, handle);
  return file;
}

/**
 * Files that are replaced together or not at all. All are written under temporary names; then one small file lists them, and
 * from that moment they count as replaced: whoever opens the set next finishes the renaming that a kill has interrupted.
 */
import { readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import {
  digestOf,
  isPartOf,
  PartFile,
  removeParts,
  replaceFile,
  syncFolder,
  type FileDigest,
} from './replace-file.node.ts';

const noteSchema = z.strictObject({
  format: z.literal('dualscope-commit-1'),
  files: z.array(
    z.strictObject({
      part: z.string(),
      file: z.string(),
      bytes: z.number().int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});

type CommitNote = z.infer<typeof noteSchema>;

export class FileSet {
  readonly #note: string;
  readonly #targets: readonly string[];
  readonly #parts: PartFile[] = [];
  readonly #digests = new Map<PartFile, FileDigest>();

  private constructor(note: string, targets: readonly string[]) {
    this.#note = note;
    this.#targets = targets;
  }

  /**
   * Opens a set, after finishing or clearing away what an earlier process left. The caller holds the lock of the output.
   * @param note path of the file that lists what is being replaced.
   * @param targets all files that the set may contain, in one folder.
   */
  static async open(note: string, targets: readonly string[]): Promise<FileSet> {
    const found = await readNote(note, targets);
    if (found !== null && (await isWhole(found, dirname(note)))) await finish(found, note);
    await rm(note, { force: true });
    await removeParts([...targets, note]);
    return new FileSet(note, targets);
  }

  /** Starts a file of the set. */
  async create(target: string): Promise<PartFile> {
    if (!this.#targets.includes(target)) throw new RangeError(`${target} is not in the set.`);
    const part = await PartFile.create(target);
    this.#parts.push(part);
    return part;
  }

  /** Adds a file with this content. */
  async add(target: string, data: string | Uint8Array): Promise<void> {
    await (await this.create(target)).append(data);
  }

  /** Flushes the files written so far. @returns their digests, by name without folder. */
  async digests(): Promise<Record<string, FileDigest>> {
    const digests: Record<string, FileDigest> = {};
    for (const part of this.#parts) digests[basename(part.target)] = await this.#digestOf(part);
    return digests;
  }

  /** Puts all files in their places, in the order of their creation. */
  async commit(): Promise<void> {
    const files = [];
    for (const part of this.#parts) {
      files.push({ part: basename(part.path), file: basename(part.target), ...(await this.#digestOf(part)) });
    }
    const note: CommitNote = { format: 'dualscope-commit-1', files };
    await syncFolder(dirname(this.#note));
    await replaceFile(this.#note, JSON.stringify(note));
    await finish(note, this.#note);
    this.#parts.length = 0;
  }

  /** Deletes files that were not committed. */
  async discard(): Promise<void> {
    for (const part of this.#parts.splice(0)) await part.discard();
  }

  /** Closes the file; nothing is added after that. */
  async #digestOf(part: PartFile): Promise<FileDigest> {
    const known = this.#digests.get(part);
    if (known !== undefined) return known;
    await part.close();
    const digest = await digestOf(part.path);
    if (digest === null)
      throw new Error(`${part.path}: The file was deleted while it was in use. Run the command again.`);
    this.#digests.set(part, digest);
    return digest;
  }
}

/** The list of an interrupted replacement; null if there is none, or it names other files than those of the set. */
async function readNote(path: string, targets: readonly string[]): Promise<CommitNote | null> {
  let found: unknown;
  try {
    found = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
  const note = noteSchema.safeParse(found).data ?? null;
  const known = new Set(targets.map((target) => basename(target)));
  const isOurs = note?.files.every(({ part, file }) => known.has(file) && isPartOf(part, file)) === true;
  return isOurs ? note : null;
}

/** Whether each file is complete, under its temporary or its final name. */
async function isWhole({ files }: CommitNote, folder: string): Promise<boolean> {
  for (const { part, file, sha256 } of files) {
    const found = (await digestOf(join(folder, part))) ?? (await digestOf(join(folder, file)));
    if (found?.sha256 !== sha256) return false;
  }
  return true;
}

async function finish({ files }: CommitNote, note: string): Promise<void> {
  const folder = dirname(note);
  for (const { part, file } of files) {
    await rename(join(folder, part), join(folder, file)).catch((error: NodeJS.ErrnoException) => {
      // Renamed before the interruption.
      if (error.code !== 'ENOENT') throw error;
    });
  }
  await syncFolder(folder);
  await rm(note, { force: true });
}

/** Searches a folder for slides. Links are followed; each folder is searched once, so that loops end. */
import type { BigIntStats } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fsPath, namesIn } from '../../base/fs-path.node.ts';
import { textOfPath } from '../../base/path-bytes.ts';
import { companionsOf, isSlideName, marksFolder } from '../../base/slide-sets.ts';
import { CommandError } from '../command.ts';

export interface FoundSlide {
  /** Path or URL; a folder for a DICOM series. */
  readonly source: string;
  /** Basis of the slide's id: its URL, its path below the given folder, or the given path. */
  readonly place: string;
  /** Number of symbolic links that lead to it, below the given folder. */
  readonly links: number;
}

const dicomExtension = /\.(dcm|dicom)$/i;
/** Maps that `dualscope segment` and `dualscope phantom` write next to slides. */
const mapExtension = /(\.(classes|confidence)|-mask)\.tif$/i;

/** One search. */
export class FolderSearch {
  readonly #root: string;
  readonly #out: string;
  /** The folders searched so far, by identity. */
  readonly #searched = new Map<string, string>();
  /** Links to folders, which wait until all folders themselves have been searched. */
  readonly #links: string[] = [];
  readonly #found: FoundSlide[] = [];
  readonly #remarks: string[] = [];

  /**
   * @param root the folder to search
   * @param out folder to skip, absolute
   */
  constructor(root: string, out: string) {
    this.#root = root;
    this.#out = out;
  }

  /**
   * The slides in the folder and its subfolders, sorted by name. A folder with DICOM files is one slide.
   * @throws CommandError when a folder can't be read
   */
  async run(): Promise<{ readonly slides: readonly FoundSlide[]; readonly remarks: readonly string[] }> {
    const skipped = await stat(fsPath(this.#out), { bigint: true }).catch(() => null);
    const out = skipped === null ? null : folderIdentity(skipped, this.#out);
    await this.#search(this.#root, 0, out);
    for (let link = this.#links.shift(); link !== undefined; link = this.#links.shift()) {
      await this.#follow(link, out);
    }
    return { slides: this.#found.sort(byPlace), remarks: this.#remarks };
  }

  async #follow(link: string, out: string | null): Promise<void> {
    const [target, place] = [await realPath(link), await realPath(dirname(link))];
    if (place === target || place.startsWith(target.endsWith(sep) ? target : target + sep)) {
      this.#remarks.push(`${link}: Not searched, because this link leads back to a folder that it is in.`);
      return;
    }
    await this.#search(link, 1, out);
  }

  async #search(folder: string, links: number, out: string | null): Promise<void> {
    const info = await stat(fsPath(folder), { bigint: true }).catch(unreadable(folder));
    const identity = folderIdentity(info, folder);
    if (identity === out) return;
    const other = this.#searched.get(identity);
    if (other !== undefined) {
      this.#remarks.push(`${folder}: Not searched, because it is the same folder as ${other}.`);
      return;
    }
    this.#searched.set(identity, folder);
    const all = await namesIn(folder).catch(unreadable(folder));
    const names = all.filter((name) => !name.startsWith('.')).sort();
    if (names.some((name) => dicomExtension.test(name)) || all.some((name) => marksFolder(name))) {
      this.#add(folder, links);
      return;
    }
    // Folders that belong to a slide beside them.
    const companions = new Set(names.flatMap((name) => companionsOf(name)?.folder ?? []));
    for (const name of names) {
      if (companions.has(name)) continue;
      const path = join(folder, name);
      const target = await stat(fsPath(path)).catch(() => null);
      if (target?.isDirectory() === true) {
        if (await isLink(path)) this.#links.push(path);
        else await this.#search(path, links, out);
      } else if (isSlideName(name) && !mapExtension.test(name)) {
        this.#add(path, links + Number(await isLink(path)));
      }
    }
  }

  #add(source: string, links: number): void {
    const place = relative(this.#root, source).split(sep).join('/') || '.';
    this.#found.push({ source, place, links });
  }
}

/**
 * The same for two paths that lead to the same file. Size and date count too, because some network file systems give two
 * files one number. The path itself where there is no such file.
 */
export async function fileIdentity(path: string): Promise<string> {
  const info = await stat(fsPath(path), { bigint: true }).catch(() => null);
  if (info === null) return resolve(path);
  return info.ino === 0n
    ? realPath(path)
    : [info.dev, info.ino, info.size, info.mtimeNs].map(String).join(':');
}

/** Without a number, as on some network file systems, a folder is known by its path. */
function folderIdentity({ dev, ino }: BigIntStats, path: string): string {
  return ino === 0n ? resolve(path) : `${String(dev)}:${String(ino)}`;
}

async function isLink(path: string): Promise<boolean> {
  const info = await lstat(fsPath(path)).catch(() => null);
  return info?.isSymbolicLink() === true;
}

async function realPath(path: string): Promise<string> {
  return textOfPath(await realpath(fsPath(path), { encoding: 'buffer' }));
}

/** In the order of a folder's listing: name by name. */
function byPlace(a: FoundSlide, b: FoundSlide): number {
  const [one, other] = [a.place.split('/'), b.place.split('/')];
  const at = one.findIndex((name, i) => name !== other[i]);
  const [first = '', second = ''] = at === -1 ? [] : [one[at], other[at]];
  return first < second ? -1 : first > second ? 1 : 0;
}

function unreadable(folder: string): (error: unknown) => never {
  return (error) => {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new CommandError(`${folder}: The folder can't be read (${code}). Check its permissions.`);
  };
}

/**
 * Which files make up one slide, by their names and places: some scanners write a folder, or a file with a folder or further
 * files beside it. What is in the files decides later whether it is a slide.
 */

/** Most files and folders within a folder that is opened, and how deep they may lie. OME-Zarr has a file for every chunk. */
export const maxFolderFiles = 100_000;
export const maxFolderDepth = 16;

/** Kinds of slides that consist of several files. */
export type SlideSetKind = 'mrxs' | 'vsi' | 'vms' | 'ndpis' | 'zarr' | 'deep-zoom' | 'zoomify';

/** Anything that stands for a file. */
interface Placed {
  /** Separated by slashes, relative to what the user chose, for example `case1/Slidedat.ini`. */
  readonly path: string;
}

export interface SlideSet<F extends Placed> {
  readonly kind: SlideSetKind;
  /** What users call the slide: its main file or its folder. */
  readonly title: string;
  /** In the order given. */
  readonly files: readonly F[];
}

interface SetRule {
  readonly kind: SlideSetKind;
  /** The name of the file that gives the slide away. */
  readonly mark: RegExp;
  /** The folder whose files all belong to the slide. */
  readonly folder?: (parent: string, name: string) => string;
  /** Files in the same folder that belong to it: all of these, or where several slides share the folder, those of its name. */
  readonly beside?: RegExp;
  /** Such a file can be a slide of its own: where any has the name of the set, only those of its name belong to it. */
  readonly isPicky?: true;
  /** The folder in which the mark lies is the slide. */
  readonly isFolder?: true;
  /** It may have hundreds of thousands of files, which are found by their names when they are read (`ByteSource.beside`). */
  readonly isVast?: true;
}

/** Extensions of slide files, including formats that are refused by name. */
const slideExtension = /\.(svs|tiff?|btf|ndpi|qptiff|scn|bif|czi|mrxs|vms|vmu|vsi|svslide)$/i;

/** Whether a file is a slide by its name. Folders and DICOM files are not asked. */
export const isSlideName = (name: string): boolean => slideExtension.test(name);

const rules: readonly SetRule[] = [
  { kind: 'mrxs', mark: /^slidedat\.ini$/i, folder: (parent) => parent, isFolder: true },
  {
    kind: 'zarr',
    mark: /^(?:\.zattrs|\.zgroup|zarr\.json)$/,
    folder: (parent) => parent,
    isFolder: true,
    isVast: true,
  },
  {
    kind: 'zoomify',
    mark: /^ImageProperties\.xml$/i,
    folder: (parent) => parent,
    isFolder: true,
    isVast: true,
  },
  {
    kind: 'deep-zoom',
    mark: /\.dzi$/i,
    folder: (parent, name) => joined(parent, `${stemOf(name)}_files`),
    isVast: true,
  },
  { kind: 'vsi', mark: /\.vsi$/i, folder: (parent, name) => joined(parent, `_${stemOf(name)}_`) },
  {
    kind: 'vms',
    mark: /\.(?:vms|vmu)$/i,
    beside: /\.(?:jpe?g|opt|ngr)$/i,
  },
  {
    kind: 'ndpis',
    mark: /\.ndpis$/i,
    beside: /\.ndpi$/i,
    isPicky: true,
  },
];

interface OpenSet<F extends Placed> {
  readonly kind: SlideSetKind;
  title: string;
  readonly files: F[];
}

/** A slide and the files beside it that are its own. */
interface Siblings<F extends Placed> {
  readonly beside: RegExp;
  /** The main file's name without its extension, in lower case. */
  readonly stem: string;
  /** See `SetRule`. */
  readonly isPicky: boolean;
  /** Whether any file has its name. */
  isNamed: boolean;
  readonly set: OpenSet<F>;
}

/** Finds the slides of several files; `others` are the files that belong to none, among them slides of one file. */
export function slideSets<F extends Placed>(
  files: readonly F[],
): { readonly sets: readonly SlideSet<F>[]; readonly others: readonly F[] } {
  const sets: OpenSet<F>[] = [];
  const owners = new Map<string, OpenSet<F>>();
  const marks = new Map<F, OpenSet<F>>();
  const siblings = new Map<string, Siblings<F>[]>();
  // Shallow ones first: what a folder of a slide contains is part of it.
  const marked = files
    .flatMap((file) => {
      const name = nameOf(file.path);
      const rule = rules.find(({ mark }) => mark.test(name));
      return rule === undefined ? [] : [{ file, rule, name, parent: parentOf(file.path) }];
    })
    .sort((a, b) => depthOf(a.parent) - depthOf(b.parent));
  for (const { file, rule, name, parent } of marked) {
    if (ownerOf(parent, owners) !== undefined) continue;
    const title = rule.isFolder === true && parent !== '' ? nameOf(parent) : name;
    const set: OpenSet<F> = { kind: rule.kind, title, files: [] };
    sets.push(set);
    marks.set(file, set);
    if (rule.folder !== undefined) owners.set(rule.folder(parent, name), set);
    if (rule.beside !== undefined) {
      const list = siblings.get(parent) ?? [];
      const { beside, isPicky = false } = rule;
      list.push({ beside, stem: stemOf(name).toLowerCase(), isPicky, isNamed: false, set });
      siblings.set(parent, list);
    }
  }
  for (const { path } of files) {
    for (const one of siblings.get(parentOf(path)) ?? []) {
      if (!one.isPicky) continue;
      one.isNamed ||= one.beside.test(nameOf(path)) && nameOf(path).toLowerCase().startsWith(one.stem);
      // Where there are several, names count in any case.
      break;
    }
  }
  const others: F[] = [];
  for (const file of files) {
    const name = nameOf(file.path);
    const parent = parentOf(file.path);
    let set = marks.get(file) ?? ownerOf(parent, owners);
    // The preview beside an MRXS folder.
    if (set === undefined && /\.mrxs$/i.test(name)) {
      const owner = owners.get(joined(parent, stemOf(name)));
      if (owner?.kind === 'mrxs') {
        set = owner;
        owner.title = name;
      }
    }
    set ??= siblingOf(name, siblings.get(parent) ?? []);
    if (set === undefined) others.push(file);
    else set.files.push(file);
  }
  return { sets, others };
}

function siblingOf<F extends Placed>(name: string, slides: readonly Siblings<F>[]): OpenSet<F> | undefined {
  const fitting = slides.filter(({ beside }) => beside.test(name));
  const isNamed = fitting.some((one) => one.isPicky && one.isNamed);
  if (fitting.length < 2 && !isNamed) return fitting[0]?.set;
  const lower = name.toLowerCase();
  return fitting.filter(({ stem }) => lower.startsWith(stem)).sort((a, b) => b.stem.length - a.stem.length)[0]
    ?.set;
}

/** Whether a file of this name makes the folder that it lies in a slide. */
export const marksFolder = (name: string): boolean =>
  rules.some(({ mark, isFolder }) => isFolder === true && mark.test(name));

/**
 * The one among the names in a folder that gives away a slide of very many files.
 * @returns null where there is none, or several slides.
 */
export function vastMark(names: readonly string[]): string | null {
  const marks = names.flatMap((name) => {
    const rule = rules.find(({ mark, isVast }) => isVast === true && mark.test(name));
    return rule === undefined ? [] : [{ name, isFolder: rule.isFolder === true }];
  });
  // An OME-Zarr of an older version has two: `.zattrs` and `.zgroup`.
  const [first] = marks.filter(({ isFolder }) => isFolder);
  if (first !== undefined) return first.name;
  const [only, second] = marks;
  return only !== undefined && second === undefined && !names.some(isSlideName) ? only.name : null;
}

/**
 * What else belongs to a slide that is given by its main file: the name of a folder beside it, or files beside it.
 * @returns null for a file that is a slide of its own.
 */
export function companionsOf(name: string): { readonly folder: string | null } | null {
  if (/\.mrxs$/i.test(name)) return { folder: stemOf(name) };
  const rule = rules.find(({ mark, isFolder }) => isFolder !== true && mark.test(name));
  if (rule === undefined || rule.isVast === true) return null;
  return { folder: rule.folder?.('', name) ?? null };
}

function ownerOf<S>(folder: string, owners: ReadonlyMap<string, S>): S | undefined {
  for (let at = folder; ; at = parentOf(at)) {
    const owner = owners.get(at);
    if (owner !== undefined || at === '') return owner;
  }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const depthOf = (folder: string): number => (folder === '' ? 0 : folder.split('/').length);
const stemOf = (name: string): string => name.replace(/\.[^.]*$/, '');
const joined = (parent: string, name: string): string => (parent === '' ? name : `${parent}/${name}`);

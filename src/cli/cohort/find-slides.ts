/** Finds the slides that a cohort's settings name, and detects later whether a slide has changed. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { SlideIdentity } from '../../cohort/request.ts';
import { isUrl } from '../../cohort/slide-id.ts';
import { CommandError } from '../command.ts';

export interface FoundSlide {
  /** Path or URL; a folder for a DICOM series. */
  readonly source: string;
  /** Basis of the slide's id: its URL, its path below the given folder, or the given path. */
  readonly place: string;
}

/** Extensions of slide files, including unsupported formats: their rows in the table say so. */
const slideExtension = /\.(svs|tiff?|btf|ndpi|qptiff|scn|bif|mrxs|vms|vmu|svslide)$/i;
const dicomExtension = /\.(dcm|dicom)$/i;
/** Maps that `dualscope segment` and `dualscope phantom` write next to slides. */
const mapExtension = /(\.(classes|confidence)|-mask)\.tif$/i;
const listExtension = /\.(txt|list)$/i;

/** Milliseconds to wait for a server's answer. */
const headTimeoutMs = 10_000;

/**
 * @param slides folders (searched recursively), lists (`.txt`: one slide a line, `#` starts a comment), files, URLs.
 * @param out folder of the cohort; skipped in the search.
 * @returns in the given order, sorted by name within a folder, without duplicates.
 * @throws CommandError when a folder or list can't be read, or when no slide is found.
 */
export async function findSlides(slides: string | readonly string[], out: string): Promise<FoundSlide[]> {
  const entries = typeof slides === 'string' ? [slides] : slides;
  const found = (await Promise.all(entries.map((entry) => expand(entry, resolve(out))))).flat();
  const unique = [...new Map(found.map((slide) => [slide.place, slide])).values()];
  if (unique.length === 0) {
    throw new CommandError(
      `${entries.join(', ')}: No slides found. Give a folder with .svs, .tif, .ndpi or .dcm files, a list (.txt), or URLs.`,
    );
  }
  return unique;
}

async function expand(entry: string, out: string): Promise<FoundSlide[]> {
  if (isUrl(entry)) return [{ source: entry, place: entry }];
  const info = await stat(entry).catch(() => null);
  if (info?.isDirectory() === true) {
    const sources = await searchFolder(entry, out);
    return sources.map((source) => ({ source, place: relative(entry, source).split(sep).join('/') || '.' }));
  }
  if (!listExtension.test(entry)) return [{ source: entry, place: entry }];
  const text = await readFile(entry, 'utf8').catch(() => {
    throw new CommandError(`${entry}: Can't read the list of slides. Check the path in the settings.`);
  });
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
    .map((line) => ({ source: line, place: line }));
}

/** Slides in a folder and its subfolders, sorted by name. A folder with DICOM files is one slide. */
async function searchFolder(folder: string, out: string): Promise<string[]> {
  if (resolve(folder) === out) return [];
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  if (names.some((name) => dicomExtension.test(name))) return [folder];
  const found: string[] = [];
  for (const name of names) {
    const path = join(folder, name);
    // stat follows links: cohorts are often folders of links.
    const info = await stat(path).catch(() => null);
    if (info?.isDirectory() === true) found.push(...(await searchFolder(path, out)));
    else if (slideExtension.test(name) && !mapExtension.test(name)) found.push(path);
  }
  return found;
}

/**
 * Size and date of a slide, to detect changes without reading it.
 * @returns null if the file is missing or the server doesn't answer.
 */
export function slideIdentity(source: string, http: typeof fetch = fetch): Promise<SlideIdentity> {
  return (isUrl(source) ? remoteIdentity(source, http) : localIdentity(source)).catch(() => null);
}

async function localIdentity(path: string): Promise<SlideIdentity> {
  const info = await stat(path);
  const files = info.isDirectory()
    ? await Promise.all((await readdir(path)).map((name) => stat(join(path, name))))
    : [info];
  return {
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    modified: Math.max(...files.map(({ mtimeMs }) => Math.round(mtimeMs))),
    etag: null,
  };
}

async function remoteIdentity(url: string, http: typeof fetch): Promise<SlideIdentity> {
  const { ok, headers } = await http(url, { method: 'HEAD', signal: AbortSignal.timeout(headTimeoutMs) });
  if (!ok) return null;
  const length = headers.get('content-length');
  return {
    bytes: length === null ? null : Number(length),
    modified: headers.get('last-modified'),
    etag: headers.get('etag'),
  };
}

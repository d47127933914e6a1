/** The slides that a cohort's configuration names: folders, lists, files and URLs. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { isUrl } from '../../cohort/slide-id.ts';
import { CommandError } from '../command.ts';

export interface FoundSlide {
  /** Path or URL; a folder for a DICOM series. */
  readonly source: string;
  /** What its id is made from: a URL, a path below the folder that was given, or the path that was given. */
  readonly place: string;
}

/** Endings of whole slides, those of formats that can't be read among them: their rows will say so. */
const slideEnding = /\.(svs|tiff?|btf|ndpi|qptiff|scn|bif|mrxs|vms|vmu|svslide)$/i;
const dicomEnding = /\.(dcm|dicom)$/i;
/** What `dualscope segment` and `dualscope phantom` write beside slides is no slide. */
const mapEnding = /(\.(classes|confidence)|-mask)\.tif$/i;
const listEnding = /\.(txt|list)$/i;

/**
 * @param slides folders (searched to the bottom), lists (`.txt`: one a line, `#` begins a remark), files, URLs.
 * @param out folder of the cohort, never searched.
 * @returns in the order given, folders by name, without repeats.
 * @throws CommandError when a folder or list can't be read, or there is no slide at all.
 */
export async function findSlides(slides: string | readonly string[], out: string): Promise<FoundSlide[]> {
  const entries = typeof slides === 'string' ? [slides] : slides;
  const found = (await Promise.all(entries.map((entry) => expand(entry, resolve(out))))).flat();
  const unique = [...new Map(found.map((slide) => [slide.place, slide])).values()];
  if (unique.length === 0) {
    throw new CommandError(
      `${entries.join(', ')}: There is no slide there. Give a folder with .svs, .tif, .ndpi or .dcm files, a list (.txt), or URLs.`,
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
  if (!listEnding.test(entry)) return [{ source: entry, place: entry }];
  const text = await readFile(entry, 'utf8').catch(() => {
    throw new CommandError(
      `${entry}: The list of slides can't be read. Check the path in the configuration.`,
    );
  });
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
    .map((line) => ({ source: line, place: line }));
}

/** Slides in a folder and below, by name. A folder with DICOM files is one slide. */
async function searchFolder(folder: string, out: string): Promise<string[]> {
  if (resolve(folder) === out) return [];
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  if (names.some((name) => dicomEnding.test(name))) return [folder];
  const found: string[] = [];
  for (const name of names) {
    const path = join(folder, name);
    // Follows links: cohorts are often folders of links.
    const info = await stat(path).catch(() => null);
    if (info?.isDirectory() === true) found.push(...(await searchFolder(path, out)));
    else if (slideEnding.test(name) && !mapEnding.test(name)) found.push(path);
  }
  return found;
}

/** Finds the slides that a cohort's settings name, and detects later whether a slide has changed. */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fsPath } from '../../base/fs-path.node.ts';
import { textOfPath } from '../../base/path-bytes.ts';
import type { SlideIdentity } from '../../cohort/request.ts';
import { isUrl } from '../../cohort/slide-id.ts';
import { slideFiles } from '../../slide/slide-files.node.ts';
import { CommandError } from '../command.ts';
import { fileIdentity, FolderSearch, type FoundSlide } from './folder-search.ts';

export type { FoundSlide };

/** The slides of a cohort, and what was left out. */
export interface FoundSlides {
  readonly slides: readonly FoundSlide[];
  /** One sentence for each slide or folder that was left out because it is there under another name. */
  readonly remarks: readonly string[];
}

const listExtension = /\.(txt|list)$/i;

/** Milliseconds to wait for a server's answer. */
const headTimeoutMs = 10_000;

/**
 * @param slides folders (searched recursively), lists (`.txt`: one slide a line, `#` starts a comment), files, URLs. Paths
 *   that are not UTF-8 are as `textOfPath` gives them.
 * @param out folder of the cohort; skipped in the search.
 * @returns in the given order, sorted by name within a folder, each file once.
 * @throws CommandError when a folder or list can't be read, or when no slide is found.
 */
export async function findSlides(slides: string | readonly string[], out: string): Promise<FoundSlides> {
  const entries = typeof slides === 'string' ? [slides] : slides;
  const expanded = await Promise.all(entries.map((entry) => expand(entry, resolve(out))));
  const { slides: unique, remarks } = await eachOnce(expanded.flatMap(({ slides: found }) => found));
  if (unique.length === 0) {
    throw new CommandError(
      `${entries.join(', ')}: No slides found. Give a folder with .svs, .tif, .ndpi or .dcm files, a list (.txt), or URLs.`,
    );
  }
  return { slides: unique, remarks: [...expanded.flatMap(({ remarks: some }) => some), ...remarks] };
}

async function expand(entry: string, out: string): Promise<FoundSlides> {
  const single = { slides: [{ source: entry, place: entry, links: 0 }], remarks: [] };
  if (isUrl(entry)) return single;
  const info = await stat(fsPath(entry)).catch(() => null);
  if (info?.isDirectory() === true) return new FolderSearch(entry, out).run();
  if (!listExtension.test(entry)) return single;
  const bytes = await readFile(fsPath(entry)).catch(() => {
    throw new CommandError(`${entry}: Can't read the list of slides. Check the path in the settings.`);
  });
  const lines = textOfPath(bytes)
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
  return { slides: lines.map((line) => ({ source: line, place: line, links: 0 })), remarks: [] };
}

/** Leaves out files that are there twice: behind links, as hard links, or named twice. Files win over links to them. */
async function eachOnce(found: readonly FoundSlide[]): Promise<FoundSlides> {
  const identities = await Promise.all(
    found.map(async ({ source }) => (isUrl(source) ? source : fileIdentity(source))),
  );
  const kept = new Map<string, FoundSlide>();
  identities.forEach((identity, i) => {
    const slide = found[i];
    const other = kept.get(identity);
    if (slide === undefined) return;
    if (other === undefined || slide.links < other.links) kept.set(identity, slide);
  });
  const chosen = new Set(kept.values());
  const remarks = found.flatMap((slide, i) => {
    const other = kept.get(identities[i] ?? '');
    // The same line twice needs no remark.
    return other === undefined || chosen.has(slide) || other.source === slide.source
      ? []
      : [`${slide.source}: Left out, because it is the same file as ${other.source}.`];
  });
  return { slides: found.filter((slide) => chosen.has(slide)), remarks: [...new Set(remarks)] };
}

/**
 * Size and date of a slide, to detect changes without reading it.
 * @returns null if the file is missing or the server doesn't answer.
 */
export function slideIdentity(source: string, http: typeof fetch = fetch): Promise<SlideIdentity> {
  return (isUrl(source) ? remoteIdentity(source, http) : localIdentity(source)).catch(() => null);
}

async function localIdentity(path: string): Promise<SlideIdentity> {
  const files = await Promise.all((await slideFiles(path)).map(({ path: file }) => stat(fsPath(file))));
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

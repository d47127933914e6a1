/** Whether a slide is still the one that was segmented, learnt without reading it. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SlideIdentity } from '../../cohort/request.ts';
import { isUrl } from '../../cohort/slide-id.ts';

/** A server that does not answer within this many milliseconds has said nothing. */
const patienceMs = 10_000;

/** @returns null where nothing could be learnt: no such file, no answer. */
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
  const { ok, headers } = await http(url, { method: 'HEAD', signal: AbortSignal.timeout(patienceMs) });
  if (!ok) return null;
  const length = headers.get('content-length');
  return {
    bytes: length === null ? null : Number(length),
    modified: headers.get('last-modified'),
    etag: headers.get('etag'),
  };
}

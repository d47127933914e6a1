/** The program's version, as `--version` prints it and model cards record it. */
import { readFile } from 'node:fs/promises';

/** @throws Error when package.json is missing */
export async function codeVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

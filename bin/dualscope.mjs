#!/usr/bin/env node
/**
 * Starts the command line: build/cli/main.js in an installed package. In a checkout that file is rebuilt first if a
 * source has changed; where it can't be (a read-only folder), the sources run through tsx.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '..');
await import(pathToFileURL(await program()).href);

async function program() {
  const source = join(root, 'src', 'cli', 'main.ts');
  if (!existsSync(source)) return join(root, 'build', 'cli', 'main.js');
  const { buildCli, currentCli } = await import('../scripts/build-cli.mjs');
  try {
    return currentCli(root) ?? (await buildCli(root));
  } catch {
    const { register } = await import('tsx/esm/api');
    register();
    return source;
  }
}

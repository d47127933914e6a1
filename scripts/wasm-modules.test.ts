/** Our own loops in C: each module was compiled from the source beside it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { resampleSource } from '../src/slide/resample-wasm/resample-module.ts';
import { dropoutSource } from '../src/training/step/wasm/dropout-module.ts';
import { updateSource } from '../src/training/step/wasm/update-module.ts';

const root = path.resolve(import.meta.dirname, '..');

it.each([
  ['src/slide/resample-wasm/resample.c', resampleSource],
  ['src/training/step/wasm/dropout.c', dropoutSource],
  ['src/training/step/wasm/update.c', updateSource],
])('%s is what its module was compiled from; "npm run build:wasm" compiles it', (file, compiled) => {
  const source = readFileSync(path.join(root, file));
  expect(createHash('sha256').update(source).digest('hex')).toBe(compiled);
});

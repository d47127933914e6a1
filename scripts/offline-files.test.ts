import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeServiceWorker } from './offline-files.mjs';

it('caches every file of the build, under a version that changes with any of them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dualscope-offline-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), 'a');
  writeFileSync(join(folder, 'assets', "it's.js"), 'b');
  const source = 'src/app/offline/service-worker.js';
  const written = (): { version: string; files: string[] } => {
    writeServiceWorker(folder, source);
    const text = readFileSync(join(folder, 'sw.js'), 'utf8');
    const files = JSON.parse(/const files = JSON\.parse\((".*")\);/.exec(text)![1]!) as string;
    return { version: /const version = '(\w+)'/.exec(text)![1]!, files: JSON.parse(files) as string[] };
  };
  const first = written();
  expect(first.files).toEqual(['./', "./assets/it's.js", './index.html']);
  expect(written().version).toBe(first.version);
  writeFileSync(join(folder, 'index.html'), 'c');
  expect(written().version).not.toBe(first.version);
});

it('leaves out the weights of large models until they are used', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dualscope-offline-'));
  for (const [model, bytes] of [
    ['small', 1000],
    ['large', 5 * 1024 * 1024],
  ] as const) {
    mkdirSync(join(folder, 'models', model), { recursive: true });
    writeFileSync(join(folder, 'models', model, 'manifest.json'), '{}');
    writeFileSync(join(folder, 'models', model, 'weights-1-of-1.bin'), new Uint8Array(bytes));
  }
  writeServiceWorker(folder, 'src/app/offline/service-worker.js');
  const text = readFileSync(join(folder, 'sw.js'), 'utf8');
  expect(text).toContain('models/small/weights-1-of-1.bin');
  expect(text).toContain('models/large/manifest.json');
  expect(text).not.toContain('models/large/weights-1-of-1.bin');
  // The page can say which these are, also offline.
  expect(text).toContain('./offline.json');
  expect(JSON.parse(readFileSync(join(folder, 'offline.json'), 'utf8'))).toEqual({
    later: { 'models/large/weights-1-of-1.bin': 5 * 1024 * 1024 },
  });
});

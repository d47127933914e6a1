/** The layering rules find what they should: a small tree of wrong imports, and of right ones. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

const right: Record<string, string> = {
  'src/model/network.ts': `export const network = 1;`,
  'src/runtime/eager.ts': `import { network } from '../model/network.ts'; export const eager = network;`,
  'src/segment/engine.ts': `import { eager } from '../runtime/eager.ts'; export const engine = eager;`,
  'src/worker/entry.ts': `import { engine } from '../segment/engine.ts'; export type Entry = typeof engine;`,
  'src/worker/segment-client.ts': `export const client = 1;`,
  'src/app/page.ts': `import { client } from '../worker/segment-client.ts'; import type { Entry } from '../worker/entry.ts'; export const page: Entry = client;`,
  'src/slide/read.node.ts': `import { readFileSync } from 'node:fs'; export const read = readFileSync;`,
  'src/cli/main.ts': `import { read } from '../slide/read.node.ts'; export const main = read;`,
};

const wrong: Record<string, { code: string; rule: string | null }> = {
  'src/model/a.ts': {
    code: `import { eager } from '../runtime/eager.ts'; export const a = eager;`,
    rule: 'layer-model',
  },
  'src/segment/b.ts': {
    code: `import { network } from '../model/network.ts'; export const b = network;`,
    rule: 'layer-segment',
  },
  'src/slide/c.ts': {
    code: `import { readFileSync } from 'node:fs'; export const c = readFileSync;`,
    rule: 'node-only-where-node-runs',
  },
  'src/slide/d.ts': {
    code: `import sharp from 'sharp'; export const d = sharp;`,
    rule: 'sharp-only-where-node-runs',
  },
  'src/worker/e.ts': {
    code: `import { read } from '../slide/read.node.ts'; export const e = read;`,
    rule: 'node-files-stay-out-of-browser-code',
  },
  'src/app/f.ts': {
    code: `import { engine } from '../segment/engine.ts'; export const f = engine;`,
    rule: 'layer-app',
  },
  'src/worker/g.ts': {
    code: `import { page } from '../app/page.ts'; export const g = page;`,
    rule: 'nobody-imports-app',
  },
  'src/evaluation/h.ts': {
    code: `import { network } from '../model/network.ts'; export const h = network;`,
    rule: 'layer-evaluation',
  },
  'src/phantom/i.ts': {
    code: `import type { Other } from './j.ts'; export type One = Other;`,
    rule: 'no-circular',
  },
  // The other half of that cycle, which is reported only once.
  'src/phantom/j.ts': {
    code: `import type { One } from './i.ts'; export type Other = One;`,
    rule: null,
  },
};

/** Files that break a rule, each with the rule's name. */
function cruise(files: Record<string, string>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'dualscope-layers-'));
  try {
    for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'])
      cpSync(join(root, name), join(folder, name));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    for (const [path, code] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), code);
    }
    const script = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
    const words = [script, 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
    const { stdout } = spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8' });
    const { summary } = JSON.parse(stdout) as {
      summary: { violations: { from: string; rule: { name: string } }[] };
    };
    return summary.violations.map(({ from, rule }) => `${from} ${rule.name}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the layering rules', () => {
  it('accept imports that follow them', () => {
    expect(cruise(right)).toEqual([]);
  });

  it('reject each kind of import that breaks them', () => {
    const files = { ...right };
    for (const [path, { code }] of Object.entries(wrong)) files[path] = code;
    const broken = cruise(files);
    for (const [path, { rule }] of Object.entries(wrong)) {
      if (rule !== null) expect(broken).toContain(`${path} ${rule}`);
    }
    for (const path of Object.keys(right)) expect(broken.filter((line) => line.startsWith(path))).toEqual([]);
  });
});

/** What `segment` and `merge` do with what is already in the folder: results, damaged results, files of others, links. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { acquireOutputLock } from '../base/output-lock.node.ts';
import { addMergeCommand } from './merge.ts';
import type { SegmentResult } from './segment-result.ts';
import { addSegmentCommand } from './segment.ts';
import { differingFiles, printedBy, writeSmallModel, writeSmallSlide } from './segment-testing.ts';

const name = 'small.test-model';
const endings = [
  '.classes.tif',
  '.confidence.tif',
  '.geojson',
  '.preview.png',
  '.areas.csv',
  '.areas.json',
  '.json',
];
let root: string;
let slide: string;
let whole: SegmentResult;
let count = 0;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'dualscope-existing-'));
  slide = await writeSmallSlide(join(root, 'slides'));
  await writeSmallModel(join(root, 'model'));
  whole = await segment(join(root, 'whole'));
  expect(whole.slices).toBeGreaterThanOrEqual(4);
});

afterAll(() => rmSync(root, { recursive: true }));

async function segment(out: string, ...words: string[]): Promise<SegmentResult> {
  const fixed = [
    '--model',
    join(root, 'model'),
    '--out',
    out,
    '--quality',
    'fast',
    '--glass',
    'include',
    '--json',
  ];
  const text = await printedBy(addSegmentCommand, ['segment', slide, ...fixed, '--backend', 'cpu', ...words]);
  process.exitCode = undefined;
  return JSON.parse(text) as SegmentResult;
}

/** A copy of the complete results. */
function copied(): string {
  const out = join(root, `copy-${count++}`);
  cpSync(join(root, 'whole'), out, { recursive: true });
  return out;
}

/** Runs `work` and returns what it reported. */
async function reported(work: () => Promise<unknown>): Promise<string> {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await work();
    return write.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    write.mockRestore();
  }
}

const snapshot = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder).map((file) => {
      const path = join(folder, file);
      return [file, lstatSync(path).isFile() ? readFileSync(path, 'base64') : 'no file'];
    }),
  );

describe('--resume', () => {
  it('keeps complete results, wherever they have been moved to', async () => {
    const out = copied();
    const before = snapshot(out);
    const kept = await segment(out, '--resume');
    expect(kept).toMatchObject({
      slices: whole.slices,
      computed: 0,
      files: endings.map((ending) => join(out, name + ending)),
    });
    expect(snapshot(out)).toEqual(before);
  });

  const damages: [string, (path: string) => void][] = [
    ['emptied', (path) => truncateSync(path, 0)],
    ['zeroed', (path) => writeFileSync(path, new Uint8Array(lstatSync(path).size))],
    ['cut short', (path) => truncateSync(path, lstatSync(path).size - 1)],
    [
      'altered in one bit',
      (path) => {
        const bytes = readFileSync(path);
        bytes[bytes.length >> 1]! ^= 1;
        writeFileSync(path, bytes);
      },
    ],
    ['missing', (path) => rmSync(path)],
  ];
  const cases = damages.map(([what, damage]) => ['.classes.tif', what, damage] as const);
  it.each([...cases, ['.areas.csv', ...damages[0]!] as const])(
    'writes %s again if it is %s, and says so',
    async (ending, _what, damage) => {
      const out = copied();
      damage(join(out, name + ending));
      const text = await reported(async () => expect((await segment(out, '--resume')).broken).toBe(0));
      expect(text).toContain(`${name}${ending}: Missing, or changed since it was written`);
      expect(await differingFiles({ files: endings.map((each) => join(out, name + each)) }, whole)).toEqual(
        [],
      );
      expect((await segment(out, '--resume')).computed).toBe(0);
    },
  );

  it.each(['8.9', 'x'])(
    'does not believe a result file in which something was changed (%s)',
    async (change) => {
      const out = copied();
      const path = join(out, `${name}.json`);
      writeFileSync(
        path,
        readFileSync(path, 'utf8').replace(/"segmentedMm2": [\d.]+/, `"segmentedMm2": ${change}`),
      );
      expect(await reported(() => segment(out, '--resume'))).toContain('The result file is damaged');
      expect((JSON.parse(readFileSync(path, 'utf8')) as SegmentResult).segmentedMm2).toBe(whole.segmentedMm2);
    },
  );

  it('notices that the slide was changed inside, at the same size', async () => {
    const out = copied();
    const bytes = readFileSync(slide);
    const middle = bytes.length >> 1;
    const other = Buffer.from(bytes);
    other[middle]! ^= 1;
    writeFileSync(slide, other);
    try {
      await expect(segment(out, '--resume')).rejects.toThrow('the slide has changed');
    } finally {
      writeFileSync(slide, bytes);
    }
  });

  it('continues an overwriting run that was stopped, and keeps the old results until the new ones are complete', async () => {
    const out = copied();
    const before = snapshot(out);
    const words = ['--overlap', '0.25'];
    // Stopped at once: by a lock that is lost while the network starts.
    const lost = segment(out, '--overwrite', ...words);
    await vi.waitUntil(() => existsSync(join(out, `${name}.slices`)), { timeout: 20_000, interval: 1 });
    rmSync(join(out, `${name}.lock`), { recursive: true });
    await expect(lost).rejects.toThrow('The lock was taken over or deleted');
    for (const ending of endings) expect(snapshot(out)[name + ending]).toBe(before[name + ending]);
    expect(readdirSync(out).some((file) => file.endsWith('.part'))).toBe(false);
    const resumed = await segment(out, '--resume', ...words);
    expect(resumed).toMatchObject({ broken: 0 });
    expect(resumed.key).not.toBe(whole.key);
    expect(readdirSync(out).sort()).toEqual(endings.map((ending) => name + ending).sort());
  }, 60_000);
});

describe('files of others', () => {
  const foreign = '{"type": "FeatureCollection", "features": []}\n';

  it.each(
    [...endings, '.slices'].flatMap((ending) => [[], ['--resume']].map((words) => [ending, words] as const)),
  )('named %s are not replaced (%j)', async (ending, words) => {
    const out = join(root, `foreign-${count++}`);
    mkdirSync(out);
    writeFileSync(join(out, name + ending), foreign);
    await expect(segment(out, ...words)).rejects.toThrow(
      ending === '.slices' ? 'an earlier version wrote them' : 'is in the way. Move it or set another --out',
    );
    expect(snapshot(out)).toEqual({ [name + ending]: Buffer.from(foreign).toString('base64') });
  });

  it.each(endings)(
    'a folder named %s is refused before anything is replaced, also with --overwrite',
    async (ending) => {
      const out = join(root, `foreign-${count++}`);
      mkdirSync(join(out, name + ending), { recursive: true });
      await expect(segment(out, '--overwrite')).rejects.toThrow('A folder is in the way');
      await expect(segment(out, '--resume')).rejects.toThrow('A folder is in the way');
      expect(readdirSync(out)).toEqual([name + ending]);
    },
  );

  it.each(['', '.shard-1-of-2'])(
    'named %s.json are not replaced by shards either, and by --overwrite they are',
    async (middle) => {
      const out = join(root, `foreign-${count++}`);
      mkdirSync(out);
      const shard = middle === '' ? [] : ['--shard', '1/2'];
      writeFileSync(join(out, `${name}${middle}.json`), foreign);
      await expect(segment(out, ...shard, '--resume')).rejects.toThrow('is in the way');
      expect(await segment(out, ...shard, '--overwrite')).toMatchObject({ broken: 0 });
    },
  );

  it('are not replaced by a merge', async () => {
    const out = join(root, `foreign-${count++}`);
    await segment(out, '--shard', '1/1');
    writeFileSync(join(out, `${name}.geojson`), foreign);
    const words = [
      'merge',
      slide,
      '--model',
      join(root, 'model'),
      '--out',
      out,
      '--quality',
      'fast',
      '--glass',
      'include',
    ];
    await expect(printedBy(addMergeCommand, words)).rejects.toThrow('.geojson: A file that is no result');
    expect(readFileSync(join(out, `${name}.geojson`), 'utf8')).toBe(foreign);
  });

  it('are not reached through links planted under the names of results, slices and unfinished files', async () => {
    const out = join(root, `links-${count++}`);
    mkdirSync(out);
    const victim = join(root, 'victim');
    writeFileSync(victim, 'precious');
    for (const ending of endings) {
      symlinkSync(victim, join(out, name + ending));
      symlinkSync(victim, join(out, `${name}${ending}.part`));
    }
    symlinkSync(victim, join(out, `${name}.slices`));
    await expect(segment(out)).rejects.toThrow('is in the way');
    await expect(segment(out, '--resume')).rejects.toThrow('is in the way');
    for (const ending of endings) rmSync(join(out, name + ending));
    await expect(segment(out, '--overwrite')).rejects.toThrow('A link, a folder or a device is in the way');
    rmSync(join(out, `${name}.slices`));
    for (const ending of endings) symlinkSync(victim, join(out, name + ending));
    expect(await segment(out, '--overwrite')).toMatchObject({ broken: 0 });
    expect(readFileSync(victim, 'utf8')).toBe('precious');
  });
});

it('clears away what killed runs left, and nothing else', async () => {
  const out = copied();
  const left = `${name}.classes.tif.${'0'.repeat(16)}.part`;
  const other = `other.classes.tif.${'0'.repeat(16)}.part`;
  for (const file of [left, other]) writeFileSync(join(out, file), 'half');
  await segment(out, '--resume');
  expect([existsSync(join(out, left)), existsSync(join(out, other))]).toEqual([false, true]);
});

it.each([[], ['--resume'], ['--overwrite'], ['--shard', '1/2']])(
  'touches nothing while another process holds the lock (%j)',
  async (...words) => {
    const out = copied();
    appendFileSync(join(out, `${name}.slices`), 'a journal that is being written');
    const shard = words[0] === '--shard' ? '.shard-1-of-2' : '';
    const lock = await acquireOutputLock(join(out, `${name}${shard}.lock`));
    const before = snapshot(out);
    await expect(segment(out, ...words)).rejects.toThrow(
      new RegExp(`${name}${shard}: Process ${process.pid} on .* is writing here`),
    );
    expect(snapshot(out)).toEqual(before);
    await lock.release();
  },
);

/** `segment --shard` and `merge` as whole commands, with a network of random weights. */
import { appendFile, cp, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addMergeCommand } from './merge.ts';
import type { SegmentResult } from './segment-result.ts';
import type { ShardResult } from './segment-shard.ts';
import { addSegmentCommand } from './segment.ts';
import { differingFiles, printedBy, writeSmallModel, writeSmallSlide } from './segment-testing.ts';

const name = 'small.test-model';
let folder: string;
let slide: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-merge-'));
  slide = await writeSmallSlide(folder);
  // A field of 155 µm: 7 × 7 overlapping slices, in four groups.
  await writeSmallModel(join(folder, 'model'), 155);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const common = (out: string, words: readonly string[]): string[] => [
  ...[slide, '--model', join(folder, 'model'), '--out', join(folder, out), '--json'],
  ...words,
];
const segment = async (out: string, ...words: string[]): Promise<SegmentResult & ShardResult> =>
  JSON.parse(await printedBy(addSegmentCommand, ['segment', ...common(out, words)])) as SegmentResult &
    ShardResult;
const merge = async (out: string, ...words: string[]): Promise<SegmentResult> =>
  JSON.parse(await printedBy(addMergeCommand, ['merge', ...common(out, words)])) as SegmentResult;
const inFolder = (out: string, ending: string): string => join(folder, out, `${name}${ending}`);

/** As if the shards had not been merged yet. */
async function removeMerged(out: string): Promise<void> {
  const endings = [
    '.json',
    '.classes.tif',
    '.confidence.tif',
    '.geojson',
    '.preview.png',
    '.areas.csv',
    '.areas.json',
  ];
  for (const ending of endings) await rm(inFolder(out, ending));
}

/** The fields that do not depend on machine or folder. */
function reproducible({
  seconds: _seconds,
  checksum: _checksum,
  stages: _stages,
  files: _files,
  ...rest
}: SegmentResult): unknown {
  return rest;
}

it.each([
  ['fast', 2, ['--roi', '120,60,610,640', '--glass', 'include']],
  ['standard', 5, []],
])(
  'merges to the same bytes as an unsharded run (%s, %i shards)',
  async (out, of, words) => {
    const settings = ['--quality', out, ...words];
    const whole = await segment(`${out}-whole`, ...settings);
    const shards: ShardResult[] = [];
    // In any order.
    for (let index = of; index > 0; index--) {
      shards.push(await segment(out, ...settings, '--shard', `${index}/${of}`));
    }
    expect(shards.reduce((sum, { computed }) => sum + computed, 0)).toBe(whole.computed);
    // More shards than groups of slices: one shard is empty.
    if (of === 5) expect(shards.filter(({ slices }) => slices === 0).length).toBeGreaterThan(0);
    const merged = await merge(out, ...settings);
    expect(reproducible(merged)).toEqual(reproducible(whole));
    expect(await differingFiles(merged, whole)).toEqual([]);
    // A second merge writes nothing.
    const before = await stat(inFolder(out, '.json'));
    expect(await merge(out, ...settings)).toMatchObject({ slices: whole.slices, computed: 0 });
    expect((await stat(inFolder(out, '.json'))).mtimeMs).toBe(before.mtimeMs);
  },
  240_000,
);

it('continues an interrupted shard without computing a slice twice', async () => {
  const settings = ['--quality', 'standard'];
  await cp(join(folder, 'standard'), join(folder, 'stopped'), { recursive: true });
  await removeMerged('stopped');
  const { slices } = await segment('stopped', ...settings, '--shard', '2/5', '--resume');
  expect(slices).toBeGreaterThan(1);
  const journal = inFolder('stopped', '.shard-2-of-5.slices');
  await truncate(journal, (await stat(journal)).size - 5);
  await appendFile(journal, Uint8Array.of(1, 2, 3));
  // The result file says done, but the journal lacks a slice.
  await expect(merge('stopped', ...settings)).rejects.toThrow(
    `${journal}: The slices of shard 2/5 are missing or damaged: ${slices - 1} of ${slices} can be read. Run --shard 2/5 again with --resume.`,
  );
  await rm(inFolder('stopped', '.shard-2-of-5.json'));
  await expect(segment('stopped', ...settings, '--shard', '2/5')).rejects.toThrow(
    `An unfinished run exists (${slices - 1} slices done).`,
  );
  await expect(merge('stopped', ...settings)).rejects.toThrow(
    /Missing or unfinished: shard 2\/5\. Run dualscope segment with --shard 2\/5 --resume/,
  );
  expect(await segment('stopped', ...settings, '--shard', '2/5', '--resume')).toMatchObject({
    slices,
    computed: 1,
  });
  const whole = (await readdir(join(folder, 'standard'))).map((file) => join(folder, 'standard', file));
  expect(await differingFiles(await merge('stopped', ...settings), { files: whole })).toEqual([]);
}, 240_000);

it('rejects shards that do not match, with a remedy', async () => {
  const settings = ['--quality', 'standard'];
  await expect(merge('nothing', ...settings)).rejects.toThrow(
    /No shards found\. First run dualscope segment with --shard 1\/n to n\/n/,
  );
  await cp(join(folder, 'standard'), join(folder, 'mixed'), { recursive: true });
  await removeMerged('mixed');
  // Shards of other settings of the same slide and model.
  await expect(merge('mixed', '--quality', 'fast')).rejects.toThrow(
    /shard-1-of-5\.json: Shard 1\/5 has another slide, model, area or grid/,
  );
  await cp(inFolder('fast', '.shard-1-of-2.json'), inFolder('mixed', '.shard-1-of-2.json'));
  await expect(merge('mixed', ...settings)).rejects.toThrow(
    'Found shards of 2 and of 5. Choose with --shards',
  );
  await expect(merge('mixed', ...settings, '--shards', '3')).rejects.toThrow(
    'Missing or unfinished: shard 1/3, 2/3, 3/3.',
  );
  expect((await merge('mixed', ...settings, '--shards', '5')).broken).toBe(0);
  // Results with other settings exist.
  await merge('mixed', ...settings, '--shards', '5', '--simplify', '5', '--overwrite');
  await expect(merge('mixed', ...settings, '--shards', '5')).rejects.toThrow('Replace them with --overwrite');
  expect(await merge('mixed', ...settings, '--shards', '5', '--overwrite')).toMatchObject({ simplifyUm: 0 });
}, 240_000);

it.each(['0/3', '4/3', '3', '1/x', '-1/2'])('rejects --shard %s', async (text) => {
  await expect(segment('never', `--shard=${text}`)).rejects.toMatchObject({
    exitCode: 1,
    code: 'commander.invalidArgument',
  });
});

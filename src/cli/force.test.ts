/** A model that fails its check, on the command line: refused, and with --force marked in everything that is written. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromFile } from 'geotiff';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { overriddenCheck } from '../base/overridden-check.ts';
import { addMergeCommand } from './merge.ts';
import { addSegmentCommand } from './segment.ts';
import { printedBy, writeSmallModel, writeSmallSlide } from './segment-testing.ts';

let folder: string;
let slide: string;
let model: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-force-'));
  slide = await writeSmallSlide(folder);
  model = join(folder, 'her-model');
  await writeSmallModel(join(folder, 'sound'));
  await cp(join(folder, 'sound'), model, { recursive: true });
  await writeFile(join(model, 'golden-classes.bin'), new Uint8Array(48 * 48).fill(2));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const grid = ['--quality', 'fast', '--glass', 'include'];
const segment = (...words: string[]): Promise<string> =>
  printedBy(addSegmentCommand, ['segment', slide, '--model', model, ...grid, '--backend', 'cpu', ...words]);

interface ResultJson {
  readonly modelCheck: string;
  readonly modelProblem?: string;
  readonly key: string;
  readonly files: readonly string[];
}

it('is refused with its name and what to do', async () => {
  await expect(segment('--out', join(folder, 'refused'))).rejects.toThrow(
    /test-model: The model fails its golden check: .*test pixels.*--force/,
  );
});

it('is used with --force, and every file of the result says so', async () => {
  const out = join(folder, 'forced');
  const result = JSON.parse(await segment('--out', out, '--force', '--json')) as ResultJson;
  expect(result.modelCheck).toBe('overridden');
  expect(result.modelProblem).toMatch(/test pixels have another class/);
  const path = (ending: string): string => result.files.find((file) => file.endsWith(ending)) ?? '';
  for (const ending of ['.geojson', '.areas.csv']) {
    expect(await readFile(path(ending), 'utf8'), ending).toContain(overriddenCheck);
  }
  for (const ending of ['.areas.json', '.json']) {
    expect(JSON.parse(await readFile(path(ending), 'utf8')), ending).toMatchObject({
      modelCheck: 'overridden',
    });
  }
  for (const ending of ['.classes.tif', '.confidence.tif']) {
    const image = await (await fromFile(path(ending))).getImage(0);
    const description = await image.fileDirectory.loadValue('ImageDescription');
    expect(String(description), ending).toContain(overriddenCheck);
  }
  const preview = path('.preview.png');
  const { exif } = await sharp(preview).metadata();
  expect(String(exif)).toContain(overriddenCheck);
  // As text, and again: the complete result is kept with its mark, for those who force, too.
  expect(await segment('--out', out, '--force', '--resume')).toContain(overriddenCheck);
  await expect(segment('--out', out, '--resume')).rejects.toThrow(/--overwrite/);
});

it('has shards that only a forced merge takes', async () => {
  const out = join(folder, 'shards');
  for (const shard of ['1/2', '2/2']) await segment('--out', out, '--force', '--shard', shard);
  const merge = (...words: string[]): Promise<string> =>
    printedBy(addMergeCommand, ['merge', slide, '--model', model, ...grid, '--out', out, '--json', ...words]);
  await expect(merge()).rejects.toThrow(/another slide, model/);
  expect(JSON.parse(await merge('--force'))).toMatchObject({ modelCheck: 'overridden' });
});

it('a sound result does not carry the mark', async () => {
  const words = ['--model', join(folder, 'sound'), '--out', join(folder, 'sound-out'), '--backend', 'cpu'];
  const text = await printedBy(addSegmentCommand, ['segment', slide, ...words, ...grid, '--json']);
  const result = JSON.parse(text) as ResultJson;
  expect(result).toMatchObject({ modelCheck: 'passed' });
  expect(result.modelProblem).toBeUndefined();
  for (const file of result.files) expect((await readFile(file)).includes(overriddenCheck), file).toBe(false);
});

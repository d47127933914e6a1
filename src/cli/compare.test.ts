import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addCompareCommand } from './compare.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-compare-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function evaluation(
  model: string,
  accuracies: Record<string, number>,
  more: object = {},
): Promise<string> {
  const slides = Object.entries(accuracies).map(([image, accuracy]) => ({
    image,
    patient: image[0],
    accuracy,
    pixels: 100,
  }));
  const file = join(folder, `${model}.json`);
  await writeFile(file, JSON.stringify({ model, miou: 0.5, slides, ...more }));
  return file;
}

async function compare(...words: string[]): Promise<string> {
  let output = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text);
    return true;
  });
  const program = new Command('dualscope').exitOverride();
  addCompareCommand(program);
  try {
    await program.parseAsync(['node', 'dualscope', 'compare', ...words]);
  } finally {
    write.mockRestore();
  }
  return output;
}

describe('dualscope compare', () => {
  it('reports difference, interval and number of patients', async () => {
    const one = await evaluation('one', { a1: 0.9, a2: 0.7, b1: 0.6 });
    const other = await evaluation('other', { a1: 0.7, a2: 0.5, b1: 0.4 });
    expect(await compare(one, other)).toBe(
      'one minus other: 20.0 points of pixel accuracy, 95 % interval 20.0 to 20.0, 2 patients. mIoU 0.500 and 0.500.\n',
    );
    expect(JSON.parse(await compare(one, other, '--json'))).toMatchObject({ first: 'one', patients: 2 });
  });

  it('says which model was measured although it fails its check', async () => {
    const sound = await evaluation('sound', { a1: 0.9 });
    const forced = await evaluation('forced', { a1: 0.9 }, { modelCheck: 'overridden' });
    expect(await compare(sound, forced)).toMatch(/^sound minus forced \(model check overridden\): /);
    expect(JSON.parse(await compare(sound, forced, '--json'))).toMatchObject({ modelCheck: 'overridden' });
    expect(JSON.parse(await compare(sound, sound, '--json'))).toMatchObject({ modelCheck: 'passed' });
  });

  it('rejects different images and files that are not evaluations', async () => {
    const one = await evaluation('one', { a1: 0.9 });
    const more = await evaluation('more', { a1: 0.9, a2: 0.9 });
    await expect(compare(one, more)).rejects.toThrow(
      /more\.json: The models were measured on different images/,
    );
    const file = join(folder, 'text.json');
    await writeFile(file, 'no');
    await expect(compare(one, file)).rejects.toThrow(/text\.json: Not valid JSON/);
    await writeFile(file, '{}');
    await expect(compare(one, file)).rejects.toThrow(/text\.json: Not an evaluation/);
    await expect(compare(one, join(folder, 'none.json'))).rejects.toThrow(/none\.json: Can't be read/);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { presetById } from '../../model/presets.ts';
import { trainingConfigSchema } from '../training-config.ts';

const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'));

describe.each(files)('%s', (file) => {
  const config = trainingConfigSchema.parse(
    JSON.parse(readFileSync(path.join(import.meta.dirname, file), 'utf8')),
  );

  it('is a valid recipe of that id for a preset that exists, with a weight for every class', () => {
    expect(`${config.id}.json`).toBe(file);
    expect(presetById(config.preset).network.classes).toBe(config.classes.length);
    expect(config.sampling).toHaveLength(config.classes.length);
  });

  it('never chooses a checkpoint on patients that it is measured on', () => {
    const heldOut = config.data?.heldOutPatients ?? [];
    expect(heldOut.filter((name) => config.validation?.patients.includes(name))).toEqual([]);
  });
});

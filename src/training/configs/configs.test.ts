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

  it('is valid, with the id of its file, an existing preset and a weight for every class', () => {
    expect(`${config.id}.json`).toBe(file);
    expect(presetById(config.preset).network.classes).toBe(config.classes.length);
    expect(config.sampling).toHaveLength(config.classes.length);
  });

  it('does not select the checkpoint on held-out patients', () => {
    const heldOut = config.data?.heldOutPatients ?? [];
    expect(heldOut.filter((name) => config.validation?.patients.includes(name))).toEqual([]);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { bcssCodes } from '../datasets/bcss-codes.ts';
import { isOneOf } from '../datasets/patient-names.ts';
import { sicapCodes } from '../datasets/sicap-codes.ts';
import { configuredPreset, trainingConfigSchema } from '../training-config.ts';

const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'));

const publicDatasets = [
  ['bcss-compact-aligned', bcssCodes],
  ['sicapv2-compact-aligned', sicapCodes],
] as const;

it.each(publicDatasets)('%s has the classes of its masks, and no others', (id, table) => {
  const file = path.join(import.meta.dirname, `${id}.json`);
  const { classes } = trainingConfigSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const wanted = new Set(table.flatMap(({ className }) => className ?? []));
  expect(new Set(classes.map(({ name }) => name))).toEqual(wanted);
});

describe.each(files)('%s', (file) => {
  const config = trainingConfigSchema.parse(
    JSON.parse(readFileSync(path.join(import.meta.dirname, file), 'utf8')),
  );

  it('is valid, with the id of its file, an existing preset and a weight for every class', () => {
    expect(`${config.id}.json`).toBe(file);
    expect(configuredPreset(config).network.classes).toBe(config.classes.length);
    expect(config.sampling).toHaveLength(config.classes.length);
  });

  it('does not select the checkpoint on held-out patients', () => {
    const heldOut = config.data?.heldOutPatients ?? [];
    const validation = config.validation?.patients ?? [];
    expect(heldOut.filter((name) => isOneOf(validation, name))).toEqual([]);
    expect(validation.filter((name) => isOneOf(heldOut, name))).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { presetById } from '../../model/presets.ts';
import { configuredPreset, trainingConfigSchema } from '../training-config.ts';
import { contextFactor } from '../placement.ts';
import { patientsInWords, studyConfig, studyRows } from './study-config.ts';
import { studies, type Study } from './studies.ts';
import { pairedDifference, type StudyResult, studyTables, summarise } from './study-tables.ts';

const recipe = { steps: 10, learningRate: 0.001, glass: 0 };
const [glas, ebhi] = studies as [Study, Study];
const fold = { number: 2, patients: ['10', '1'] };

describe('the study', () => {
  it('tests each of the 16 GlaS patients once', () => {
    const tested = glas.foldsOf('').flat().map(Number);
    expect(tested.sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  });

  it('reads the folds of EBHI-Seg from the index of its mosaics', () => {
    const index = ['name,patient,fold', 'a-1,a,1', 'a-2,a,1', 'b-1,b,0', 'c-1,c,2', 'd-1,d,3', 'e-1,e,4', ''];
    expect(ebhi.foldsOf(index.join('\n'))).toEqual([['b'], ['a'], ['c'], ['d'], ['e']]);
    expect(() => ebhi.foldsOf(index.slice(0, 3).join('\n'))).toThrow(/A fold has no patients/);
    expect(() => ebhi.foldsOf('name,patient\na-1,a\n')).toThrow(/fold of patient "a" is missing/);
    expect(() => ebhi.foldsOf('name,patient,fold\na-1,a,5\n')).toThrow(
      /fold of patient "a" .* not from 0 to 4/,
    );
  });

  it('lists few patients and counts many', () => {
    expect(patientsInWords(fold)).toBe('patients 10, 1');
    const many = Array.from({ length: 73 }, String);
    expect(patientsInWords({ number: 1, patients: many })).toBe('73 patients (fold 1)');
  });

  it('gives every row a valid configuration, equal except for the network', () => {
    const configs = studies.flatMap((study) =>
      studyRows.map((row) => trainingConfigSchema.parse(studyConfig(study, row, fold, 1, recipe))),
    );
    for (const config of configs) {
      const preset = configuredPreset(config);
      expect([preset.slicePx, preset.sliceFieldUm]).toEqual([128, 162]);
      expect(contextFactor(preset)).toBeGreaterThanOrEqual(1);
      expect(presetById(config.preset).network.classes).toBe(config.classes.length);
      const { steps, batch, seed, sampling, augmentation, optimiser } = config;
      const shared = { steps, batch, seed, sampling, augmentation, optimiser };
      const first = configs[0]!;
      expect(config.data?.heldOutPatients).toEqual(['10', '1']);
      expect(shared).toEqual({
        steps: first.steps,
        batch: first.batch,
        seed: first.seed,
        sampling: first.sampling,
        augmentation: first.augmentation,
        optimiser: first.optimiser,
      });
    }
  });

  it('mentions synthetic glass in the description of the training data', () => {
    const row = studyRows[1]!;
    const config = trainingConfigSchema.parse(studyConfig(glas, row, fold, 1, { ...recipe, glass: 0.2 }));
    expect(config.augmentation?.glass).toBe(0.2);
    expect(config.provenance.data).toMatch(/16 patients; synthetic glass in 20 % of the samples$/);
    expect(studyConfig(glas, row, fold, 1, recipe).augmentation).not.toHaveProperty('glass');
  });

  const result = (fold: number, confusion: number[][]): StudyResult => ({
    row: 'single',
    fold,
    seed: 1,
    steps: 10,
    seconds: 90,
    confusion,
  });

  it('summarises runs as calculated by hand', () => {
    // Fold 1: IoU 3/4 and 1/2, mIoU 0.625. Fold 2: 1/3 and 2/4, mIoU 0.41667. Pooled: 4/7 and 3/6.
    const [single] = summarise([
      result(1, [
        [3, 0],
        [1, 1],
      ]),
      result(2, [
        [1, 1],
        [1, 2],
      ]),
    ]);
    expect(single!.miou).toBeCloseTo((0.625 + 5 / 12) / 2, 10);
    expect(single!.spread).toBeCloseTo((0.625 - 5 / 12) / Math.SQRT2, 10);
    expect(single!.pooled.iou[0]).toBeCloseTo(4 / 7, 10);
    expect(single!.pooled.iou[1]).toBeCloseTo(3 / 6, 10);
    expect(single!.pooled.accuracy).toBeCloseTo(7 / 10, 10);
    expect([single!.minutes, single!.runs]).toEqual([3, 2]);
  });

  it('compares rows only on the same fold with the same seed', () => {
    // mIoU: single 1 and 0.5 on folds 1 and 2, add 0.5 and 0.25; fold 3 has no single.
    const all = [
      result(1, [[2, 0], [0, 2]]), // prettier-ignore
      result(2, [[2, 1], [1, 2]]), // prettier-ignore
      { ...result(1, [[2, 1], [1, 2]]), row: 'add' }, // prettier-ignore
      { ...result(2, [[2, 3], [3, 2]]), row: 'add' }, // prettier-ignore
      { ...result(3, [[1, 0], [0, 1]]), row: 'add' }, // prettier-ignore
      { ...result(1, [[1, 0], [0, 1]]), row: 'add', seed: 2 }, // prettier-ignore
    ];
    const difference = pairedDifference(all, 'add', 'single')!;
    expect(difference.count).toBe(2);
    expect(difference.mean).toBeCloseTo((-0.5 - 0.25) / 2, 10);
    expect(difference.deviation).toBeCloseTo(0.25 / Math.SQRT2, 10);
    expect(pairedDifference(all, 'add', 'unet')).toBeNull();
    const text = studyTables(all, glas, recipe);
    // Fold 1 is the mean of two seeds, 0.5 and 1.
    expect(text).toContain('| Dual inputs, add | 0.750 | 0.250 | 1.000 | – | −0.375 ± 0.177 (2) | – |');
  });

  it('prints both tables, and how much of the study they cover', () => {
    const text = studyTables([result(1, [[1, 0], [0, 1]])], glas, recipe); // prettier-ignore
    expect(text).toContain(
      'GlaS, split by patient, compact networks, 10 steps, learning rate 0.001. 1 of 4 folds so far',
    );
    expect(text).toContain('| RefineNet, one input | 1.000 | 1.000 | 1.000 | 1.000 |');
    expect(text).toContain('| 24.9 | 334 |');
    expect(text.match(/Table [12]/g)).toEqual(['Table 1', 'Table 2']);
  });
});

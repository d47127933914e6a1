/**
 * The study of wide context on collages of tiles of EBHI-Seg (docs/study.md).
 *
 *     npx tsx studies/collage-study.ts [../shared/data/ebhi] [runs/collages] [rows, by comma] [seeds, by comma] [steps]
 *     npx tsx studies/collage-study.ts --tables [runs/collages]
 *
 * Trains and measures what is missing, row by row and seed by seed; after an interruption, the same command goes on from the
 * last checkpoint. Results are `results/<row>-<seed>.json` in the second folder. `--tables` prints those that are there.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { lockOf, withOutputLock } from '../src/base/output-lock.node.ts';
import type { Weights } from '../src/runtime/variables.ts';
import { missingColour } from '../src/runtime/missing-context.ts';
import { withContextDropout } from '../src/training/context-dropout.ts';
import { runTraining } from '../src/training/training-run.ts';
import type { ValidationPoint } from '../src/evaluation/report/training-report.ts';
import { tilesByClass } from './collages/field.ts';
import { CollagePredictor, controlsOf } from './collages/predict.ts';
import { collageResultSchema, collageTables, miouOf, type CollageResult } from './collages/results.ts';
import {
  collageConfig,
  collagePreset,
  COLLAGE_ROWS,
  COLLAGE_SEEDS,
  type CollageRow,
} from './collages/rows.ts';
import { CollageSampler, type MeasuredSlice } from './collages/sampler.ts';
import { readCollageTiles, type CollageTile } from './collages/tiles.ts';

/** Slices that choose the checkpoint, and slices that are reported: the same in all rows. */
const VALIDATION = { seed: 8_000_001, slices: 300 } as const;
const TEST = { seed: 9_000_001, slices: 1000 } as const;

const [first = '../shared/data/ebhi', second = 'runs/collages', rows, seeds, steps = '3000'] =
  process.argv.slice(2);
if (first === '--tables') process.stdout.write(`${collageTables(await readResults(second))}\n`);
else await train(first, second);

async function train(data: string, out: string): Promise<void> {
  await mkdir(path.join(out, 'results'), { recursive: true });
  const tiles = {
    training: await readCollageTiles(data, 'training'),
    validation: await readCollageTiles(data, 'validation'),
    test: await readCollageTiles(data, 'test'),
  };
  const chosenSeeds = seeds === undefined ? COLLAGE_SEEDS : seeds.split(',').map(Number);
  const chosenRows = COLLAGE_ROWS.filter(({ id }) => rows?.split(',').includes(id) ?? true);
  for (const seed of chosenSeeds) {
    for (const row of chosenRows) {
      const file = path.join(out, 'results', `${row.id}-${String(seed)}.json`);
      if (existsSync(file)) continue;
      const folder = path.join(out, `${row.id}-${String(seed)}`);
      await mkdir(folder, { recursive: true });
      const result = await withOutputLock(lockOf(folder), () => runRow(row, seed, folder, tiles));
      await writeFile(file, `${JSON.stringify(result)}\n`);
      const miou = miouOf(result.test['as it is']);
      process.stdout.write(`${row.id}, seed ${String(seed)}: mIoU ${miou?.toFixed(3) ?? '–'}\n`);
    }
  }
}

async function runRow(
  row: CollageRow,
  seed: number,
  folder: string,
  tiles: {
    readonly training: CollageTile[];
    readonly validation: CollageTile[];
    readonly test: CollageTile[];
  },
): Promise<CollageResult> {
  const config = collageConfig(row, seed, Number(steps));
  const preset = collagePreset(config);
  const measured = (
    of: CollageTile[],
    { seed: own, slices }: { seed: number; slices: number },
  ): MeasuredSlice[] => {
    const sampler = new CollageSampler(tilesByClass(of), preset, own);
    return Array.from({ length: slices }, (_, number) => sampler.measured(number));
  };
  const forValidation = measured(tiles.validation, VALIDATION);
  const validate = async (weights: Weights, step: number): Promise<ValidationPoint> => {
    const predictor = await CollagePredictor.open(preset, weights);
    const miou = miouOf(await predictor.measure(forValidation, 'as it is'));
    await predictor.close();
    return { step, loss: null, iou: [], miou, accuracy: null };
  };
  const sampler = new CollageSampler(tilesByClass(tiles.training), preset, seed);
  const { contextDropout: share = 0 } = config;
  const colour = missingColour(preset.network.preprocessing);
  const trained = await runTraining({
    preset,
    config,
    samples: share > 0 ? withContextDropout(sampler, { share, colour, seed }) : sampler,
    folder,
    checkpointEvery: 100,
    validate,
    onStep: ({ step, loss }) => {
      if (step % 100 === 0)
        process.stdout.write(`${row.id} ${String(seed)}: step ${String(step)}, loss ${loss.toFixed(3)}\n`);
    },
  });
  const forTest = measured(tiles.test, TEST);
  const predictor = await CollagePredictor.open(preset, trained.weights);
  const test: CollageResult['test'] = {};
  for (const control of controlsOf(preset)) test[control] = await predictor.measure(forTest, control);
  await predictor.close();
  const curve = trained.validation.map(({ step, miou }) => ({ step, miou }));
  const { steps: taken, keptStep, seconds } = trained;
  return { row: row.id, seed, steps: taken, keptStep, seconds, curve, test };
}

async function readResults(out: string): Promise<CollageResult[]> {
  const folder = path.join(out, 'results');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(
    files.map(async (name) =>
      collageResultSchema.parse(JSON.parse(await readFile(path.join(folder, name), 'utf8'))),
    ),
  );
}

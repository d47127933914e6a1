/**
 * The fusion study (docs/fusion-study.md): trains nano networks that differ only in their inputs or their fusion, with
 * several seeds each and the same recipe, and measures them on held-out phantom slides.
 *
 *     npm run study:fusion                             trains missing networks (runs/fusion-study), then writes the results
 *     npm run study:fusion -- --figures                writes the results of networks trained so far
 *     npm run study:fusion -- --rows cross-attention   the same for some rows, by comma
 *
 * Stopped, the same command goes on: finished networks are left alone, others continue from their last checkpoint. A network
 * takes 6 to 8 minutes of a core; two train at a time on two cores, so all 21 take about an hour and a half.
 *
 * The recipe is that of src/training/configs/nano-aligned.json with half the steps; only preset, id and seed change.
 * Results go to docs/fusion-study.json, the plot to docs/images/fusion-study.svg. Rows without a result here keep what is there.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { dualscope, runJobs, sharedThreads } from '../scripts/dualscope-calls.mjs';
import { dotPlot } from './dot-plot.mjs';

const TRAIN = 'runs/phantom-train';
const TEST = 'runs/phantom-test';
const RUNS = 'runs/fusion-study';
const RUNS_MODELS = join(RUNS, 'models');
const SEEDS = [1, 2, 3];
/**
 * Name in the study, and preset.
 * @type {readonly (readonly [string, string])[]}
 */
const SYSTEMS = [
  ['none', 'nano-single'],
  ['same', 'nano-multisize'],
  ['add', 'nano-add'],
  ['concat', 'nano-concat'],
  ['attention', 'nano-attention'],
  ['aligned', 'nano-aligned'],
  ['cross-attention', 'nano-cross-attention'],
];

const { values: options } = parseArgs({
  options: { figures: { type: 'boolean', default: false }, rows: { type: 'string' } },
});
const wanted = options.rows?.split(',') ?? SYSTEMS.map(([system]) => system);
for (const row of wanted) {
  if (!SYSTEMS.some(([system]) => system === row)) throw new Error(`There is no row "${row}".`);
}

const recipe = {
  ...JSON.parse(await readFile('src/training/configs/nano-aligned.json', 'utf8')),
  steps: 800,
};
const runs = SEEDS.flatMap((seed) =>
  SYSTEMS.filter(([system]) => wanted.includes(system)).map(([system, preset]) => ({
    system,
    preset,
    seed,
    id: `${system}-${String(seed)}`,
  })),
);

if (!options.figures) await trainAll();
await report();

async function trainAll() {
  await runJobs([
    [['phantom', '--out', TRAIN, '--slides', '5', '--seed', '1']],
    [['phantom', '--out', TRAIN, '--slides', '5', '--seed', '6']],
    [['phantom', '--out', TEST, '--slides', '4', '--seed', '201']],
  ]);
  const missing = [];
  for (const run of runs) if ((await resultOf(run)) === null) missing.push(run);
  const jobs = [];
  for (const { id, preset, seed } of missing) {
    const folder = join(RUNS, id);
    await mkdir(folder, { recursive: true });
    const config = join(folder, 'config.json');
    await writeFile(config, `${JSON.stringify({ ...recipe, preset, id, seed }, null, 2)}\n`);
    jobs.push([
      [
        ...['train', '--config', config, '--data', TRAIN, '--run', folder, '--out', RUNS_MODELS],
        ...sharedThreads(missing.length),
      ],
    ]);
  }
  await runJobs(jobs);
  for (const { id } of missing) {
    const result = await dualscope(['evaluate', '--model', join(RUNS_MODELS, id), '--data', TEST, '--json'], {
      capture: true,
    });
    await writeFile(join(RUNS, id, 'result.json'), result);
  }
}

/** @param {{ id: string }} run */
async function resultOf({ id }) {
  const text = await readFile(join(RUNS, id, 'result.json'), 'utf8').catch(() => null);
  return text === null ? null : JSON.parse(text);
}

/** Writes the figures and the plot. */
async function report() {
  const stored = JSON.parse(await readFile('docs/fusion-study.json', 'utf8'));
  const systems = [];
  for (const [system, preset] of SYSTEMS) {
    const results = [];
    for (const run of runs.filter((candidate) => candidate.system === system)) {
      const result = await resultOf(run);
      if (result === null) continue;
      results.push({ seed: run.seed, miou: round(result.miou), iou: result.iou.map(round) });
    }
    if (results.length === 0) {
      const earlier = stored.systems.find((/** @type {{ system: string }} */ row) => row.system === system);
      if (earlier !== undefined) systems.push(earlier);
      continue;
    }
    const values = results.map(({ miou }) => miou);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance =
      values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
    systems.push({ system, preset, mean: round(mean), sd: round(Math.sqrt(variance)), results });
  }
  const { steps, batch, contextLoss, contextClassWeights, sampling, optimiser } = recipe;
  const data = {
    data: 'phantom slides (synthetic): trained on seeds 1 to 10, measured on 201 to 204, pooled',
    recipe: { steps, batch, contextLoss, contextClassWeights, sampling, optimiser },
    systems,
  };
  await writeFile('docs/fusion-study.json', await format(JSON.stringify(data), { parser: 'json' }));
  const rows = systems.map(({ system, results }) => ({
    label: system,
    values: results.map((/** @type {{ miou: number }} */ { miou }) => miou),
  }));
  await writeFile('docs/images/fusion-study.svg', dotPlot('mIoU on held-out phantom slides', rows));
  for (const { system, mean, sd, results } of systems) {
    console.log(
      `${system.padEnd(10)} ${mean.toFixed(3)} ± ${sd.toFixed(3)}  (${String(results.length)} seeds)`,
    );
  }
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 1e4) / 1e4;
}

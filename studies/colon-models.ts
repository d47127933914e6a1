/**
 * Trains the shipped colon models (docs/study.md). Each fine-tunes the study's network of fold 1, which was trained on GlaS
 * only, on GlaS and EBHI-Seg together (colon-images.ts). It is measured on held-out data: the patients of GlaS's fold 1,
 * the demo slide, and mosaics (ebhi-mosaics.ts) of the patients of EBHI-Seg's fold 1.
 *
 *     npx tsx studies/colon-models.ts [../shared/data] [runs/study/glas/…/fold-1] [runs/colon-images] [runs/ebhi-mosaics] [runs/colon-models] [rows, by comma]
 *
 * The second folder is the output of `dualscope reproduce --folds 1`. The models are written to the fifth, one folder each;
 * models that are already there are not trained again.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  patientsInWords,
  recipeId,
  studyConfig,
  studyRecipe,
  type StudyRecipe,
  studyRows,
} from '../src/training/study/study-config.ts';
import { ebhiMpp, studies, type Study } from '../src/training/study/studies.ts';
import type { TrainingConfig } from '../src/training/training-config.ts';

const SEED = 1;
const recipe: StudyRecipe = { ...studyRecipe, steps: 500 };
const shipped = 'single,add,concat,attention,aligned';

const [
  shared = '../shared/data',
  starts = `runs/study/glas/${recipeId(studyRecipe)}/fold-1`,
  images = 'runs/colon-images',
  mosaics = 'runs/ebhi-mosaics',
  out = 'runs/colon-models',
  rows = shipped,
] = process.argv.slice(2);
const studyOf = (name: string): Study => studies.find(({ id }) => id === name)!;
const [study, glas, ebhi] = [studyOf('both'), studyOf('glas'), studyOf('ebhi')];
const fold = { number: 1, patients: study.foldsOf('')[0]! };
const ebhiIndex = await readFile(path.join(mosaics, 'index.csv'), 'utf8');
const ebhiFold = { number: 1, patients: ebhi.foldsOf(ebhiIndex)[0]! };

for (const row of studyRows.filter(({ id }) => rows.split(',').includes(id))) {
  const id = `colon-${row.id}`;
  const run = path.join(out, 'runs', row.id);
  const { encoderWeights: _start, ...rest } = studyConfig(study, row, fold, SEED, recipe);
  const startModel = `${glas.modelId}-${row.id}`;
  const config: TrainingConfig = { ...rest, id, title: `Colon: ${row.title}`, startModel };
  await mkdir(run, { recursive: true });
  const file = path.join(run, 'config.json');
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`);
  const model = path.join(out, id);
  if (!existsSync(path.join(model, 'manifest.json'))) {
    const models = path.join(starts, `${row.id}-seed-${String(SEED)}`, 'model');
    dualscope(['train', '--config', file, '--data', images, '--models', models, '--run', run, '--out', out]);
  }
  const evaluate = (...words: string[]): void => {
    dualscope(['evaluate', '--model', model, ...words]);
  };
  const known = `${study.measuredOn}, ${patientsInWords(fold)}, held out`;
  evaluate('--data', path.join(shared, 'glas'), '--record', known);
  const demo = 'the demo slide colon-mosaic (tiles of EBHI-Seg), held out';
  evaluate('--data', 'public/slides', '--patients', 'colon-mosaic', '--record-further', demo);
  const others = `${ebhi.measuredOn}, ${patientsInWords(ebhiFold)}, held out`;
  const patients = ['--patients', ebhiFold.patients.join(','), '--mpp', String(ebhiMpp)];
  evaluate('--data', mosaics, ...patients, '--record-further', others);
}

/** Runs `dualscope` on this terminal. @throws Error if it fails. */
function dualscope(words: readonly string[]): void {
  const { status } = spawnSync(process.execPath, ['bin/dualscope.mjs', ...words], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`"dualscope ${words.join(' ')}" failed; see its message above.`);
}

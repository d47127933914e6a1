/**
 * Trains and measures colon-gland: gland or not, on GlaS and EBHI-Seg together, patients apart (docs/study.md).
 *
 *     npx tsx studies/colon-gland.ts config [runs/gland-images] [runs/colon-gland/config.json]
 *     npx dualscope train --config runs/colon-gland/config.json --data runs/gland-images --weights ../shared/data/weights
 *     npx tsx studies/colon-gland.ts measure [../shared/data] [models/colon-gland] [runs/ebhi-mosaics]
 *
 * `config` writes the recipe for the images of gland-images.ts. `measure` evaluates the model on the original images of
 * the held-out patients and stores the figures in its card.
 */
import { EBHI_MEASURED, EBHI_VALIDATION, GLAS_MEASURED, GLAS_VALIDATION } from './colon-split.ts';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readCsv } from '../src/base/read-csv.ts';
import { ebhiMpp, studies } from '../src/training/study/studies.ts';
import type { TrainingConfig } from '../src/training/training-config.ts';

/** Index mask values of gland-images.ts: three classes of gland. */
const CLASS_OF_VALUE = [0, 1, 1, 1];
/** µm²; predicted pieces below this are no glands: a circle of 20 µm. */
const SMALLEST_GLAND = '314';

const indexSchema = z.array(
  z.object({ patient: z.string(), dataset: z.enum(['glas', 'ebhi']), fold: z.string() }),
);

const [task, ...words] = process.argv.slice(2);
if (task === 'config') await writeConfig(...words);
else if (task === 'measure') await measure(...words);
else throw new Error('Usage: colon-gland.ts config|measure; see the comment at the top of the file.');

async function writeConfig(
  images = 'runs/gland-images',
  file = 'runs/colon-gland/config.json',
): Promise<void> {
  const index = await readFile(path.join(images, 'index.csv'), 'utf8');
  const rows = indexSchema.parse(readCsv(index));
  const ofFold = (wanted: string): string[] => [
    ...new Set(
      rows.filter(({ dataset, fold }) => dataset === 'ebhi' && fold === wanted).map(({ patient }) => patient),
    ),
  ];
  const heldOut = ofFold(EBHI_MEASURED);
  const validation = ofFold(EBHI_VALIDATION).filter((_, i) => i % 3 === 0);
  const config: TrainingConfig = {
    preset: 'compact-single',
    id: 'colon-gland',
    title: 'Colon glands',
    description: 'Finds glands of the colon and their outlines, whatever their diagnosis.',
    // 256 pixels of 1.13 µm, EBHI-Seg's own resolution.
    geometry: { slicePx: 256, sliceFieldUm: 289.28 },
    augmentation: { scale: [0.75, 1.33], stain: 0.25, glass: 0.12, artefacts: 0.15 },
    encoderWeights: 'resnet18-imagenet',
    seed: 1,
    steps: 4000,
    batch: 16,
    sampling: [1, 1],
    contextLoss: 0,
    dice: 1,
    batchNorm: 'frozen',
    optimiser: { learningRate: 0.0005, encoderRate: 0.3, warmup: 100, weightDecay: 0.01 },
    averageWeights: 0.998,
    validation: { patients: [...GLAS_VALIDATION, ...validation], every: 500 },
    classes: [
      { name: 'not gland', colour: '#999999', background: true },
      { name: 'gland', colour: '#009E73', background: false },
    ],
    data: {
      mpp: ebhiMpp,
      classOfValue: CLASS_OF_VALUE,
      shareable: false,
      heldOutPatients: [...GLAS_MEASURED, ...heldOut],
    },
    provenance: {
      data:
        'GlaS (MICCAI 2015; Sirinukunwattana et al. 2017): colon, H&E, 8 of its 16 patients; EBHI-Seg (Shi et al. 2023): ' +
        'mosaics of tiles of colon, H&E, pixel size assumed (1.13 µm), folds 2 to 4 by case; synthetic glass in 12 %, ' +
        'fat, pen strokes, folds or lost focus in 15 % of the samples',
      synthetic: false,
      specimen: { organ: 'colon', stain: 'H&E' },
      dataLicence: 'GlaS: research use only, no commercial use; EBHI-Seg: CC BY 4.0',
      licence: 'GlaS: research use only, no commercial use; EBHI-Seg: CC BY 4.0',
      split:
        `by patient: measured on GlaS patients ${GLAS_MEASURED.join(', ')} and ${String(heldOut.length)} cases of EBHI-Seg ` +
        `(fold ${EBHI_MEASURED} by case); checkpoint chosen on GlaS patients ${GLAS_VALIDATION.join(', ')} and ` +
        `${String(validation.length)} cases of fold ${EBHI_VALIDATION}`,
      intendedUse:
        'Research on glands of the colon in H&E at about 1.1 µm/px: where they are and how large, not what they are. Not for diagnosis, not for commercial use.',
    },
  };
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`);
  process.stdout.write(
    `${file}: ${String(heldOut.length)} cases measured, ${String(validation.length)} for validation\n`,
  );
}

async function measure(
  shared = '../shared/data',
  model = 'models/colon-gland',
  mosaics = 'runs/ebhi-mosaics',
): Promise<void> {
  const manifestSchema = z.object({ dataset: z.object({ heldOutPatients: z.array(z.string()) }) });
  const manifest = manifestSchema.parse(
    JSON.parse(await readFile(path.join(model, 'manifest.json'), 'utf8')),
  );
  const cases = manifest.dataset.heldOutPatients.filter((name) => !GLAS_MEASURED.includes(name));
  const glas = studies.find(({ id }) => id === 'glas')!;
  const runs = [
    [path.join(shared, 'glas'), GLAS_MEASURED, glas.mpp, '--record', 'GlaS, 8 held-out patients'],
    [mosaics, cases, ebhiMpp, '--record-further', `EBHI-Seg mosaics, ${String(cases.length)} held-out cases`],
  ] as const;
  for (const [data, patients, mpp, option, name] of runs) {
    const call = ['evaluate', '--model', model, '--data', data, '--patients', patients.join(',')];
    const how = ['--mpp', String(mpp), '--class-of-value', CLASS_OF_VALUE.join(',')];
    dualscope([...call, ...how, '--objects', SMALLEST_GLAND, '--overlap', '0.25', option, name]);
  }
}

/** Runs `dualscope` on this terminal. @throws Error if it fails. */
function dualscope(words: readonly string[]): void {
  const { status } = spawnSync(process.execPath, ['bin/dualscope.mjs', ...words], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`"dualscope ${words.join(' ')}" failed; see its message above.`);
}

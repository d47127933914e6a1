/**
 * Trains and measures the five colon models by diagnosis, and the paper's rows at full size on the same data: GlaS and
 * EBHI-Seg together (colon-images.ts), patients apart by case.
 *
 *     npx tsx studies/colon-images.ts ../shared/data runs/colon-images
 *     npx tsx studies/colon-modes.ts config [../shared/data/ebhi]
 *     npx tsx studies/colon-modes.ts train [runs/colon-images] [../shared/data/weights] [runs/colon-modes] [webgpu] [rows, by comma]
 *     npx tsx studies/colon-modes.ts measure [../shared/data] [runs/ebhi-mosaics] [runs/colon-modes] [rows, by comma]
 *     npx tsx studies/colon-modes.ts tables [runs/colon-modes] [rows, by comma]
 *
 * `config` writes the recipes to src/training/configs. `train` trains the models in parallel, all on one graphics card; the
 * same command goes on where it was stopped, and leaves finished models alone. Rows are `single`, `add`, `concat`,
 * `attention` and `aligned` by default; `resnet50-single` and so on are the paper's. `measure` stores figures of held-out
 * patients in the cards of the models that are there; `tables` prints them as Markdown, for docs/study.md.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { format } from 'prettier';
import { studyRows, studyClasses } from '../src/training/study/study-config.ts';
import { ebhiMpp, studies } from '../src/training/study/studies.ts';
import { parseManifest, type ModelManifest } from '../src/runtime/manifest.ts';
import { trainingConfigSchema, type TrainingConfig } from '../src/training/training-config.ts';
import { ebhiCases, GLAS_MEASURED, GLAS_VALIDATION } from './colon-split.ts';
import { readEbhiIndex } from './ebhi-seg.ts';

const MODES = ['single', 'add', 'concat', 'attention', 'aligned'] as const;
const CONFIGS = 'src/training/configs';
const SHIPPED = MODES.join(',');

const [task, ...words] = process.argv.slice(2);
if (task === 'config') await writeConfigs(...words);
else if (task === 'train') await trainAll(...words);
else if (task === 'measure') await measureAll(...words);
else if (task === 'tables') process.stdout.write(await tables(...words));
else
  throw new Error(
    'Usage: colon-modes.ts config|train|measure|tables; see the comment at the top of the file.',
  );

/** Ids of the models of rows. */
function modelsOf(rows: string): string[] {
  return rows.split(',').map((row) => `colon-${row}`);
}

async function writeConfigs(ebhi = '../shared/data/ebhi'): Promise<void> {
  const cases = ebhiCases(await readEbhiIndex(ebhi));
  for (const mode of MODES) {
    for (const size of ['', 'resnet50-'] as const) {
      const config = trainingConfigSchema.parse(configOf(mode, size, cases));
      const file = path.join(CONFIGS, `${config.id}.json`);
      await writeFile(file, await format(JSON.stringify(config), { parser: 'json', printWidth: 110 }));
      process.stdout.write(`${file}\n`);
    }
  }
}

function configOf(
  mode: (typeof MODES)[number],
  size: '' | 'resnet50-',
  { measured, validation }: { readonly measured: string[]; readonly validation: string[] },
): TrainingConfig {
  const row = studyRows.find(({ id }) => id === mode)!;
  const isPaper = size !== '';
  const isDual = mode !== 'single';
  return {
    preset: isPaper ? `resnet50-${mode}` : `compact-${mode}`,
    id: `colon-${size}${mode}`,
    title: `Colon: ${row.title}${isPaper ? ', ResNet-50' : ''}`,
    description: row.description,
    // 128 pixels of 1.27 µm; the region is three slices wide and contains a whole image.
    geometry: { slicePx: 128, sliceFieldUm: 162, contextPx: 128, contextFieldUm: 486 },
    regions: 'lattice',
    augmentation: { scale: [0.8, 1.2], stain: 0.2, glass: 0.12, artefacts: 0.1 },
    encoderWeights: isPaper ? 'resnet50-imagenet' : 'resnet18-imagenet',
    seed: 1,
    steps: isPaper ? 1000 : 3000,
    batch: 8,
    sampling: [1, 1, 1, 1],
    contextLoss: isDual ? 1 : 0,
    ...(isDual ? { contextDropout: 0.2 } : {}),
    dice: 0.5,
    batchNorm: 'frozen',
    ...(isPaper ? { freezeEncoders: 'stages-1-to-3' as const } : {}),
    optimiser: { learningRate: 0.0005, encoderRate: 0.3, warmup: 50, weightDecay: 0.01 },
    averageWeights: 0.998,
    weightType: 'int8',
    validation: { patients: [...GLAS_VALIDATION, ...validation], every: 500 },
    classes: studyClasses,
    data: {
      mpp: studies.find(({ id }) => id === 'glas')!.mpp,
      shareable: false,
      heldOutPatients: [...GLAS_MEASURED, ...measured],
    },
    provenance: {
      data:
        'GlaS (MICCAI 2015; Sirinukunwattana et al. 2017): colon, H&E, 6 of its 16 patients; EBHI-Seg (Shi et al. 2023): mosaics ' +
        'of tiles of colon, H&E, pixel size assumed (1.13 µm), folds 0, 2 and 3 by case and two thirds of fold 4, without cases on ' +
        'the demo slide; polyps count as healthy, serrated adenomas as adenomatous, high-grade neoplasia is left out; synthetic ' +
        'glass in 12 %, fat, pen strokes, folds or lost focus in 10 % of the samples',
      synthetic: false,
      specimen: { organ: 'colon', stain: 'H&E' },
      dataLicence: 'GlaS: research use only, no commercial use; EBHI-Seg: CC BY 4.0',
      licence: 'GlaS: research use only, no commercial use; EBHI-Seg: CC BY 4.0',
      split:
        `by patient: measured on GlaS patients ${GLAS_MEASURED.join(', ')} and ${String(measured.length)} cases of EBHI-Seg ` +
        `(fold 1 by case); checkpoint chosen on GlaS patients ${GLAS_VALIDATION.join(', ')} and ${String(validation.length)} cases of fold 4`,
      intendedUse:
        'Research on colon glands in H&E at about 1.3 µm/px. Trained on colon only, on two laboratories. Not for diagnosis, not for commercial use.',
    },
  };
}

async function trainAll(
  images = 'runs/colon-images',
  weights = '../shared/data/weights',
  out = 'runs/colon-modes',
  backend = 'webgpu',
  rows = SHIPPED,
): Promise<void> {
  const missing = modelsOf(rows).filter((id) => !existsSync(path.join(out, id, 'manifest.json')));
  const threads = Math.max(1, Math.floor(availableParallelism() / Math.max(1, missing.length)));
  const exits = await Promise.all(
    missing.map((id) => {
      const config = path.join(CONFIGS, `${id}.json`);
      const call = ['train', '--config', config, '--data', images, '--weights', weights, '--out', out];
      const how = ['--run', path.join(out, 'runs', id), '--backend', backend, '--threads', String(threads)];
      return run([...call, ...how, '--checkpoint-every', '100']);
    }),
  );
  if (exits.some((code) => code !== 0)) throw new Error('A training failed or was stopped; see above.');
}

/** Runs `dualscope` beside others. @returns its exit code */
function run(call: readonly string[]): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['bin/dualscope.mjs', ...call], { stdio: 'inherit' });
    child.on('close', resolve);
  });
}

async function measureAll(
  shared = '../shared/data',
  mosaics = 'runs/ebhi-mosaics',
  out = 'runs/colon-modes',
  rows = SHIPPED,
): Promise<void> {
  const { measured: cases } = ebhiCases(await readEbhiIndex(path.join(shared, 'ebhi')));
  const glas = studies.find(({ id }) => id === 'glas')!;
  for (const id of modelsOf(rows)) {
    const model = path.join(out, id);
    const evaluate = (...call: string[]): void => {
      const all = ['bin/dualscope.mjs', 'evaluate', '--model', model, '--overlap', '0.25', ...call];
      const { status } = spawnSync(process.execPath, all, { stdio: 'inherit' });
      if (status !== 0) throw new Error(`"dualscope ${call.join(' ')}" failed; see its message above.`);
    };
    evaluate(
      ...[
        '--data',
        path.join(shared, 'glas'),
        '--patients',
        GLAS_MEASURED.join(','),
        '--mpp',
        String(glas.mpp),
      ],
      ...['--record', `GlaS, ${String(GLAS_MEASURED.length)} held-out patients`],
    );
    evaluate(
      ...['--data', mosaics, '--patients', cases.join(','), '--mpp', String(ebhiMpp)],
      ...['--record-further', `EBHI-Seg mosaics, ${String(cases.length)} held-out cases`],
    );
    evaluate(
      ...['--data', 'public/slides', '--patients', 'colon-mosaic'],
      ...['--record-further', 'the demo slide colon-mosaic (tiles of EBHI-Seg), held out'],
    );
  }
}

/** The cards' figures as one Markdown table per held-out set. */
async function tables(out = 'runs/colon-modes', rows = SHIPPED): Promise<string> {
  const models: ModelManifest[] = [];
  for (const id of modelsOf(rows)) {
    const file = path.join(out, id, 'manifest.json');
    if (existsSync(file)) models.push(parseManifest(JSON.parse(await readFile(file, 'utf8')), id));
  }
  const measured = models.flatMap(({ title, classes, metrics, furtherMetrics = [] }) =>
    [metrics, ...furtherMetrics].flatMap((each) => (each === null ? [] : [{ title, classes, ...each }])),
  );
  const names = models[0]?.classes.map(({ name }) => `IoU ${name}`) ?? [];
  const head = ['model', 'mIoU', ...names, 'accuracy', 'calibration error'];
  const figure = (value: number | null | undefined): string => value?.toFixed(3) ?? '–';
  const tableOf = (data: string): string => {
    const lines = measured
      .filter((each) => each.data === data)
      .map(({ title, miou, iou, accuracy, ece }) => [title, ...[miou, ...iou, accuracy, ece].map(figure)]);
    return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  };
  return [...new Set(measured.map(({ data }) => data))]
    .map((data) => `**${data}**\n\n${tableOf(data)}\n\n`)
    .join('');
}

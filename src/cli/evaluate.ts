/** `dualscope evaluate`: a model's figures on images with ground truth. */
import { InvalidArgumentError } from 'commander';
import type { ConfusionMatrix } from '../evaluation/confusion-matrix.ts';
import { addPixels, createConfusionMatrix, toRows } from '../evaluation/confusion-matrix.ts';
import { metricsTable } from '../evaluation/metrics-table.ts';
import { metricsOf, type Metrics } from '../evaluation/metrics.ts';
import type { BackendName } from '../runtime/backend.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import type { FinishedSlice } from '../segment/engine.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { openSlide } from '../slide/open-slide.ts';
import { pathByteSource } from '../slide/path-byte-source.node.ts';
import type { ClassesIn, DatasetItem } from '../training/datasets/dataset.ts';
import { ofPatients, openDataset } from '../training/datasets/open-dataset.ts';
import { recordMetrics } from '../training/record-metrics.ts';
import { CommandError, type AddCommand } from './command.ts';
import { classNames, modelFolder, planFor, readyModel, runOnSlide } from './run-model.ts';
import { backendOption, parseOverlap, parsePositive } from './segment.ts';

interface EvaluateCall {
  readonly model: string;
  readonly data: string;
  readonly mpp?: number;
  readonly overlap: number;
  readonly backend?: BackendName;
  readonly record?: string;
  readonly patients?: readonly string[];
  readonly classOfValue?: readonly number[];
  readonly json?: boolean;
}

/** Adds the command to the program. */
export const addEvaluateCommand: AddCommand = (program) => {
  program
    .command('evaluate')
    .description(
      'segment every image of a folder that has ground truth (ImageScope XML of the same name, or index masks ' +
        'and index.csv), and compare: IoU, mIoU, accuracy, BACH score from one pooled confusion matrix',
    )
    .requiredOption('--model <id>', 'a model below models/, or a folder that holds one')
    .requiredOption('--data <dir>', 'folder of slides and their XML, or of images, masks and index.csv')
    .option('--patients <names>', 'only these patients, by comma', (text: string) => text.split(','))
    .option('--class-of-value <classes>', 'class of each value of index masks, by comma', parseClasses)
    .option('--mpp <um>', 'µm per pixel, for slides that do not say it', parsePositive)
    .option('--overlap <share>', 'share of a slice in common with its neighbour, 0 to 0.5', parseOverlap, 0)
    .addOption(backendOption())
    .option('--record <data>', "write the figures into the model's manifest and card; words for the data")
    .option('--json', 'one JSON object on stdout')
    .action(async (call: EvaluateCall) => {
      const { segmenter, backend } = await readyModel(call.model, call.backend ?? null);
      const { manifest } = segmenter;
      const names = classNames(manifest);
      const dataset = await openDataset(call.data, {
        classNames: names,
        mpp: call.mpp ?? null,
        classOfValue: call.classOfValue ?? null,
      });
      const found = ofPatients(dataset, { only: call.patients ?? null, except: [] }, call.data);
      const pooled = createConfusionMatrix(names.length);
      const slides: { slide: string; miou: number | null; accuracy: number | null; broken: number }[] = [];
      const start = performance.now();
      for (const item of found) {
        const { matrix, broken } = await evaluateImage(item, segmenter, call);
        matrix.counts.forEach((pixels, cell) => {
          pooled.counts[cell] = (pooled.counts[cell] ?? 0) + pixels;
        });
        const { miou, accuracy } = metricsOf(matrix);
        slides.push({ slide: item.image, miou, accuracy, broken });
      }
      segmenter.dispose();
      const metrics = metricsOf(pooled);
      if (call.record !== undefined) await record(call.model, call.record, metrics);
      const result = {
        model: manifest.id,
        data: call.data,
        classes: names,
        confusion: toRows(pooled),
        ...metrics,
        backend: backend.name,
        seconds: (performance.now() - start) / 1000,
        slides,
      };
      process.stdout.write(
        call.json === true
          ? `${JSON.stringify(result)}\n`
          : `${manifest.id} on ${found.length} slides of ${call.data}\n\n${metricsTable(pooled, names)}\n`,
      );
    });
};

/** Writes the figures into the model. @throws CommandError when there is nothing to write. */
async function record(model: string, data: string, { miou, iou, accuracy, score }: Metrics): Promise<void> {
  if (miou === null || accuracy === null) throw new CommandError(`${data}: no pixel was compared.`);
  await recordMetrics(modelFolder(model), { data, miou, iou: [...iou], accuracy, score });
}

/** Segments one image and compares it with its ground truth, slice by slice. */
async function evaluateImage(
  item: DatasetItem,
  segmenter: Segmenter,
  call: EvaluateCall,
): Promise<{ matrix: ConfusionMatrix; broken: number }> {
  const matrix = createConfusionMatrix(classNames(segmenter.manifest).length);
  const truth = await item.truth();
  const slide = await openSlide([await pathByteSource(item.image)], nodePlatform());
  try {
    const plan = planFor(slide, segmenter, { mpp: item.mpp, area: null, overlap: call.overlap });
    const { broken } = await runOnSlide(slide, segmenter, plan, (result) => {
      addSlice(matrix, truth, result, slide.metadata);
    });
    return { matrix, broken };
  } finally {
    slide.close();
  }
}

/** Whole numbers by comma. */
function parseClasses(text: string): number[] {
  const classes = text.split(',').map(Number);
  if (classes.every((value) => Number.isInteger(value) && value >= 0)) return classes;
  throw new InvalidArgumentError('Give whole numbers by comma, like 0,1,1,2.');
}

/**
 * Counts the pixels of a slice whose centre lies on the slide. Slices do not overlap, so that adding them
 * one by one is the same as comparing the stitched maps, without holding those.
 */
export function addSlice(
  matrix: ConfusionMatrix,
  truth: ClassesIn,
  { rect, size, classes }: FinishedSlice,
  slide: { readonly width: number; readonly height: number },
): void {
  const counted = new Uint8Array(size * size);
  for (let row = 0; row < size; row++) {
    if (rect.y + ((row + 0.5) * rect.height) / size >= slide.height) break;
    for (let column = 0; column < size; column++) {
      if (rect.x + ((column + 0.5) * rect.width) / size >= slide.width) break;
      counted[row * size + column] = 1;
    }
  }
  addPixels(matrix, truth(rect, size, size), classes, counted);
}

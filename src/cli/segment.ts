/** `dualscope segment`: the engine of the app without the app. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import sharp from 'sharp';
import type { BackendName } from '../runtime/backend.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { classAreas } from '../segment/class-areas.ts';
import { ClassMap } from '../segment/class-map.ts';
import type { Level0Rect } from '../slide/slide.ts';
import { CommandError, type AddCommand } from './command.ts';
import { micrometresPerPixel, planFor, readyModel, runOnSlide, stem } from './run-model.ts';
import { openFromCommandLine } from './slide.ts';

interface SegmentCall {
  readonly model: string;
  readonly out: string;
  readonly roi?: Level0Rect;
  readonly mpp?: number;
  readonly overlap: number;
  readonly backend?: BackendName;
  readonly json?: boolean;
}

/** Longest side of the preview, pixels. */
const previewPx = 2048;

/** Adds the command to the program. */
export const addSegmentCommand: AddCommand = (program) => {
  program
    .command('segment')
    .description('segment a slide: class map, confidence map, preview, areas per class. Research use only.')
    .argument('<file...>', 'a slide file, all files of a DICOM series, a folder of them, or a URL')
    .requiredOption('--model <id>', 'a model below models/, or a folder that holds one')
    .requiredOption('--out <dir>', 'folder that the results are written to')
    .option('--roi <x,y,w,h>', 'segment this rectangle only, level-0 pixels', parseRect)
    .option('--mpp <um>', 'µm per pixel, for slides that do not say it', parsePositive)
    .option('--overlap <share>', 'share of a slice in common with its neighbour, 0 to 0.5', parseOverlap, 0)
    .addOption(backendOption())
    .option('--json', 'one JSON object on stdout')
    .action(async (files: string[], call: SegmentCall) => {
      const { segmenter, backend } = await readyModel(call.model, call.backend ?? null);
      const slide = await openFromCommandLine(files);
      try {
        const { manifest } = segmenter;
        const mpp = call.mpp ?? null;
        const plan = planFor(slide, segmenter, { mpp, area: call.roi ?? null, overlap: call.overlap });
        const map = new ClassMap(plan);
        const summary = await runOnSlide(slide, segmenter, plan, (result) => map.put(result));
        if (summary.slices === 0) {
          throw new CommandError(
            `${slide.metadata.name}: Nothing was segmented. Give an area that lies on the slide.`,
          );
        }
        const areas = classAreas(map, manifest.classes.length, micrometresPerPixel(slide, mpp));
        const areasMm2 = Object.fromEntries(
          manifest.classes.flatMap(({ name, background }, value) =>
            background ? [] : [[name, areas.mm2[value] ?? 0]],
          ),
        );
        await mkdir(call.out, { recursive: true });
        const prefix = join(call.out, `${stem(slide.metadata.name)}.${manifest.id}`);
        const files = await writeMaps(map, manifest, prefix);
        const csv = `${prefix}.areas.csv`;
        await writeFile(csv, areasCsv(areasMm2));
        const json = `${prefix}.json`;
        const result = {
          slide: slide.metadata.name,
          model: manifest.id,
          backend: backend.name,
          slices: summary.slices,
          broken: summary.broken,
          seconds: summary.seconds,
          stages: summary.stages,
          areasMm2,
          /** Level-0 pixels per pixel of the maps. */
          mapScale: { x: map.scaleX, y: map.scaleY },
          files: [...files, csv, json],
        };
        await writeFile(json, `${JSON.stringify(result, null, 2)}\n`);
        process.stdout.write(
          call.json === true ? `${JSON.stringify(result)}\n` : summaryText(result, summary.seconds),
        );
      } finally {
        slide.close();
        segmenter.dispose();
      }
    });
};

/** Backends that Node has. */
export function backendOption(): Option {
  return new Option('--backend <name>', 'what computes; the fastest there is by default').choices([
    'wasm',
    'cpu',
  ]);
}

/** @throws InvalidArgumentError unless the text is four numbers. */
function parseRect(text: string): Level0Rect {
  const numbers = text.split(',').map(Number);
  const [x = NaN, y = NaN, width = NaN, height = NaN] = numbers;
  if (numbers.length !== 4 || !Number.isFinite(x + y + width + height) || !(width > 0 && height > 0)) {
    throw new InvalidArgumentError('Four numbers are needed: x,y,width,height in level-0 pixels.');
  }
  return { x, y, width, height };
}

/** @throws InvalidArgumentError unless the text is a number above 0. */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('Give a number above 0.');
  return value;
}

/** @throws InvalidArgumentError unless the text is a number from 0 to 0.5. */
export function parseOverlap(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 0.5)) throw new InvalidArgumentError('Give a number from 0 to 0.5.');
  return value;
}

/** Class values and confidence as grey PNGs at slice resolution, and the classes in colour, reduced. */
async function writeMaps(map: ClassMap, manifest: ModelManifest, prefix: string): Promise<string[]> {
  const { width, height } = map;
  const whole = map.read(map.extent, width, height);
  const grey = { raw: { width, height, channels: 1 as const } };
  const classFile = `${prefix}.classes.png`;
  const confidenceFile = `${prefix}.confidence.png`;
  await sharp(whole.classes, grey).toColourspace('b-w').png().toFile(classFile);
  await sharp(whole.confidence, grey).toColourspace('b-w').png().toFile(confidenceFile);

  const scale = Math.min(1, previewPx / Math.max(width, height));
  const previewWidth = Math.max(1, Math.round(width * scale));
  const previewHeight = Math.max(1, Math.round(height * scale));
  const { classes } = map.read(map.extent, previewWidth, previewHeight);
  const rgba = new Uint8Array(classes.length * 4);
  const colours = manifest.classes.map(({ colour, background }) => [
    parseInt(colour.slice(1, 3), 16),
    parseInt(colour.slice(3, 5), 16),
    parseInt(colour.slice(5, 7), 16),
    background ? 0 : 255,
  ]);
  classes.forEach((value, i) => rgba.set(colours[value] ?? [0, 0, 0, 0], 4 * i));
  const previewFile = `${prefix}.preview.png`;
  await sharp(rgba, { raw: { width: previewWidth, height: previewHeight, channels: 4 } })
    .png()
    .toFile(previewFile);
  return [classFile, confidenceFile, previewFile];
}

function areasCsv(areasMm2: Readonly<Record<string, number>>): string {
  const rows = Object.entries(areasMm2).map(([name, mm2]) => `"${name.replaceAll('"', '""')}",${mm2}\n`);
  return `class,area_mm2\n${rows.join('')}`;
}

function summaryText(
  result: {
    readonly slices: number;
    readonly broken: number;
    readonly backend: string;
    readonly areasMm2: Readonly<Record<string, number>>;
    readonly files: readonly string[];
  },
  seconds: number,
): string {
  const broken = result.broken === 0 ? '' : `, ${result.broken} left out`;
  return [
    `${result.slices} slices in ${seconds.toFixed(1)} s on ${result.backend}${broken}`,
    ...Object.entries(result.areasMm2).map(([name, mm2]) => `${name.padEnd(20)}${mm2.toFixed(3)} mm²`),
    ...result.files.map((file) => `wrote ${file}`),
    '',
  ].join('\n');
}

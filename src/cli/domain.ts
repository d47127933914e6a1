/** `dualscope domain`: how far images are from what a model was trained on. */
import { basename } from 'node:path';
import { encoderStages } from '../runtime/domain/encoder-stages.ts';
import { encodeStatistics } from '../runtime/domain/feature-distance.ts';
import { fitStatistics, quantile, type PatientMeans } from '../runtime/domain/fit-statistics.ts';
import { checkNetwork } from '../runtime/graph/check-network.ts';
import { fromFolder } from '../runtime/load-model.node.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { readModelFiles } from '../runtime/model-files.ts';
import { sha256 } from '../runtime/sha256.ts';
import type { BackendRequest } from '../runtime/native/node-backends.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import { terminalText } from '../base/terminal-text.ts';
import type { DatasetItem } from '../training/datasets/dataset.ts';
import { ofPatients } from '../training/datasets/open-dataset.ts';
import { isOneOf } from '../training/datasets/patient-names.ts';
import { changeManifest } from '../training/export-run.ts';
import { CommandError, type AddCommand } from './command.ts';
import { measureSlices } from './domain-slices.ts';
import { chooseImages, parsePatients, type PatientsOption } from './evaluate-image.ts';
import { modelFolder } from './model-folder.ts';
import { backendOption, parseInteger, parseMpp, threadsOption } from './options.ts';
import { startNetwork } from './run-model.ts';
import { print, printJson } from './terminal.ts';

interface DomainCall {
  readonly model: string;
  readonly data: string;
  readonly patients?: PatientsOption;
  readonly except?: PatientsOption;
  readonly mpp?: number;
  readonly slices: number;
  readonly record?: string;
  readonly backend?: BackendRequest;
  readonly threads?: number;
  readonly json?: boolean;
}

/** Name of the statistics in the model's folder. */
const statisticsFile = 'domain.bin';

/** Adds the command to the program. */
export const addDomainCommand: AddCommand = (program) => {
  program
    .command('domain')
    .description(
      'Measure how far the images of a folder are from what a model was trained on, by what its encoder sees in ' +
        'them. 1 is the distance within which 95 % of the slices of unseen patients lie; segment and the app warn ' +
        'beyond. With --record, measures the training data itself and stores its statistics in the model.',
    )
    .requiredOption('--model <id>', 'id of a model in models/, or a model folder')
    .requiredOption('--data <dir>', 'folder of a dataset, as for evaluate')
    .option('--patients <names>', 'only these patients, comma-separated; "all" for all', parsePatients)
    .option('--except <names>', 'not these patients', parsePatients)
    .option('--mpp <um>', 'µm per pixel, for images without one', parseMpp)
    .option('--slices <n>', 'slices per image at most', parseInteger(1), 16)
    .option(
      '--record <data>',
      "store statistics of this data in the model's folder, under this name of the data",
    )
    .addOption(backendOption())
    .addOption(threadsOption())
    .option('--json', 'print one JSON object')
    .action((call: DomainCall) => (call.record === undefined ? measure(call) : record(call, call.record)));
};

async function measure(call: DomainCall): Promise<void> {
  const network = await startNetwork(call.model, call);
  const { segmenter } = network;
  const distance = segmenter.distance?.bind(segmenter);
  if (distance === undefined) {
    throw new CommandError(
      `${segmenter.manifest.id}: The model has no statistics of its training data. Measure them with --record.`,
    );
  }
  const { images } = await chooseImages(segmenter.manifest, call);
  const perImage: {
    image: string;
    patient: string | null;
    slices: number;
    distance: number;
    beyond: number;
  }[] = [];
  for (const item of exceptPatients(images, call)) {
    const distances = await measureSlices(item, segmenter.manifest, call.slices, distance);
    if (distances.length === 0) continue;
    perImage.push({
      image: item.name,
      patient: item.patient,
      slices: distances.length,
      distance: quantile(distances, 0.5),
      beyond: distances.filter((value) => value > 1).length / distances.length,
    });
  }
  network.release();
  if (perImage.length === 0) throw new CommandError(`${call.data}: No image has a slice of tissue.`);
  const unlike = perImage.filter((image) => image.distance > 1).length;
  const patients = patientMedians(perImage);
  const unlikePatients = patients.filter(({ distance: median }) => median > 1).length;
  const result = {
    model: segmenter.manifest.id,
    data: call.data,
    images: perImage,
    unlike,
    patients,
    unlikePatients,
  };
  if (call.json === true) {
    printJson(result);
    return;
  }
  const lines = patients.map(
    ({ patient, distance: median }) => `${terminalText(patient)}  ${median.toFixed(2)}`,
  );
  print(
    `${lines.join('\n')}\n\n${unlike} of ${perImage.length} images and ${unlikePatients} of ${patients.length} patients ` +
      'do not look like the training data (median of their slices above 1).\n',
  );
}

/** The median of each patient's images; an image without one is its own. */
function patientMedians(
  images: readonly { image: string; patient: string | null; distance: number }[],
): { patient: string; distance: number }[] {
  const byPatient = new Map<string, number[]>();
  for (const { image, patient, distance } of images) {
    const key = patient ?? image;
    byPatient.set(key, [...(byPatient.get(key) ?? []), distance]);
  }
  return [...byPatient].map(([patient, distances]) => ({ patient, distance: quantile(distances, 0.5) }));
}

async function record(call: DomainCall, data: string): Promise<void> {
  const folder = modelFolder(call.model);
  const files = await readModelFiles(basename(folder), fromFolder(folder));
  const stages = encoderStages(checkNetwork(basename(folder), files));
  if (stages.length === 0) {
    throw new CommandError(
      `${files.manifest.id}: The network has no encoder whose stages could be measured.`,
    );
  }
  const network = await startNetwork(call.model, call);
  const slices = await trainingSlices(
    call,
    network.segmenter,
    stages.map(({ node }) => node),
  );
  network.release();
  const patients = new Set(slices.map(({ patient }) => patient)).size;
  if (patients < 2)
    throw new CommandError(`${call.data}: Statistics need the images of at least two patients.`);
  const measured = fitStatistics(slices);
  const bytes = encodeStatistics(measured.stages);
  const domain: NonNullable<ModelManifest['domain']> = {
    file: statisticsFile,
    sha256: await sha256([bytes]),
    stages,
    typical: measured.typical,
    data,
    slices: measured.slices,
    patients: measured.patients,
  };
  await changeManifest(folder, (manifest) => ({ ...manifest, domain }), { [statisticsFile]: bytes });
  if (call.json === true) printJson({ model: files.manifest.id, domain });
  else
    print(`${files.manifest.id}: statistics of ${measured.slices} slices of ${measured.patients} patients\n`);
}

/** Slices of the patients that the model was not measured on. */
async function trainingSlices(
  call: DomainCall,
  segmenter: Segmenter,
  nodes: readonly string[],
): Promise<PatientMeans[]> {
  const { manifest } = segmenter;
  const means = segmenter.encoderMeans?.bind(segmenter);
  if (means === undefined) throw new CommandError('This backend cannot measure an encoder.');
  const { images } = await chooseImages(manifest, { patients: 'all', ...call });
  const heldOut = manifest.dataset?.heldOutPatients ?? [];
  const training = exceptPatients(images, call).filter(({ patient }) => !isOneOf(heldOut, patient));
  const slices: PatientMeans[] = [];
  for (const item of training) {
    const patient = item.patient ?? item.name;
    for (const each of await measureSlices(item, manifest, call.slices, (slice) => means(slice, nodes))) {
      slices.push({ patient, means: each });
    }
  }
  return slices;
}

function exceptPatients(images: readonly DatasetItem[], { except, data }: DomainCall): DatasetItem[] {
  return ofPatients(
    images,
    { only: null, except: except === undefined || except === 'all' ? [] : except },
    data,
  );
}

/**
 * Opens the samples of a configuration: from images in memory, or directly from slides if they do not fit
 * there.
 */
import type { Preset } from '../model/presets.ts';
import { missingColour } from '../runtime/missing-context.ts';
import { withContextDropout } from './context-dropout.ts';
import { type DatasetItem, knownMpp } from './datasets/dataset.ts';
import { ofPatients, openDataset } from './datasets/open-dataset.ts';
import { type LabelledImage, prepareImage } from './labelled-image.ts';
import type { SampleSource } from './sample.ts';
import { Sampler } from './sampler.ts';
import { SlideSampler } from './slide-sampler.ts';
import type { TrainingConfig } from './training-config.ts';

/** Maximum number of pixels to hold in memory, at the slice's resolution; four bytes each. */
const maxPixelsInMemory = 3e8;

export interface OpenSamples {
  readonly config: TrainingConfig;
  readonly preset: Preset;
  /** Folder of the dataset. */
  readonly data: string;
  /** `training` by default. Validation samples are not augmented. */
  readonly purpose?: DataPurpose;
}

export interface OpenSampleSource extends SampleSource {
  /** What was read into memory; null when samples are read from slides. */
  readonly images: readonly LabelledImage[] | null;
  close(): void;
}

/** Patients to train on, or patients to select the checkpoint on. */
export type DataPurpose = 'training' | 'validation';

/** The items of a dataset for a purpose. Neither contains held-out patients. */
export async function itemsFor(
  purpose: DataPurpose,
  { config, data }: Pick<OpenSamples, 'config' | 'data'>,
  warn?: (line: string) => void,
): Promise<DatasetItem[]> {
  const validation = config.validation?.patients ?? [];
  const heldOut = config.data?.heldOutPatients ?? [];
  const choice =
    purpose === 'training'
      ? { only: null, except: [...heldOut, ...validation] }
      : { only: validation, except: [] };
  return ofPatients(
    await openDataset(data, { ...datasetOptions(config), ...(warn === undefined ? {} : { warn }) }),
    choice,
    data,
  );
}

/** The configuration's options for reading a dataset. */
export function datasetOptions({ classes, data }: Pick<TrainingConfig, 'classes' | 'data'>): {
  classNames: string[];
  mpp: number | null;
  classOfValue: readonly number[] | null;
  tissueOnly: boolean;
} {
  return {
    classNames: classes.map(({ name }) => name),
    mpp: data?.mpp ?? null,
    classOfValue: data?.classOfValue ?? null,
    tissueOnly: data?.tissueOnly ?? false,
  };
}

/**
 * @param onImage receives a line of text about the image being read
 * @param images of the same options, if another thread has read them
 * @throws SlideError, AnnotationError, DatasetError; ConfigError when a class does not occur or the geometry
 *   is invalid.
 */
export async function openSamples(
  { config, preset, data, purpose = 'training' }: OpenSamples,
  onImage: (text: string) => void,
  images: readonly LabelledImage[] | null = null,
): Promise<OpenSampleSource> {
  const umPerPx = preset.sliceFieldUm / preset.slicePx;
  const options = {
    classWeights: config.sampling,
    seed: config.seed,
    regions: config.regions,
    slices: config.slices,
    ...(purpose === 'training' ? { augmentation: config.augmentation } : { missingClasses: 'skip' as const }),
  };
  const share = purpose === 'training' && preset.contextPx !== null ? (config.contextDropout ?? 0) : 0;
  const dropout = { share, colour: missingColour(preset.network.preprocessing), seed: config.seed };
  const dropping = (source: SampleSource): SampleSource =>
    share > 0 ? withContextDropout(source, dropout) : source;
  const sampled = (from: readonly LabelledImage[]): OpenSampleSource => {
    const sampler = dropping(new Sampler(from, preset, options));
    return { images: from, sample: (number) => sampler.sample(number), close: () => undefined };
  };
  if (images !== null) return sampled(images);
  const items = await itemsFor(purpose, { config, data }, onImage);
  let count = 0;
  const read = ({ image }: DatasetItem): void => {
    onImage(`reading ${image} (${String(++count)} of ${String(items.length)})`);
  };
  if ((await pixelsOf(items, umPerPx)) > maxPixelsInMemory) {
    const sampler = await SlideSampler.open(items, preset, options, read);
    const samples = dropping(sampler);
    return {
      images: null,
      sample: (number) => samples.sample(number),
      close: () => {
        sampler.close();
      },
    };
  }
  const prepared: LabelledImage[] = [];
  for (const item of items) {
    read(item);
    prepared.push(await prepareImage(item, umPerPx));
  }
  return sampled(prepared);
}

/** Pixels of all items at a resolution. Stops counting once they do not fit in memory. */
async function pixelsOf(items: readonly DatasetItem[], umPerPx: number): Promise<number> {
  let pixels = 0;
  for (const item of items) {
    const slide = await item.open();
    const mpp = knownMpp(slide, item);
    const { width, height } = slide.metadata;
    slide.close();
    pixels += (width * mpp.x * height * mpp.y) / umPerPx ** 2;
    if (pixels > maxPixelsInMemory) break;
  }
  return pixels;
}

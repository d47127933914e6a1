/** What the interface says of a model, from its manifest. Pure. */
import type { ModelManifest } from '../../runtime/manifest.ts';
import { formatFraction, formatRate } from '../format.ts';
import type { ModelEntry } from '../state/state.ts';
import { inputMpp } from './model-fit.ts';
import type { ExpectedSpeed } from './model-speed.ts';

/** Models that find the same classes in the same tissue. Figures of others can't be compared with theirs. */
export interface ModelGroup {
  readonly purpose: string;
  readonly models: readonly ModelEntry[];
}

/** In the order in which the first model of each group comes. */
export function modelGroups(models: readonly ModelEntry[]): ModelGroup[] {
  const groups = new Map<string, ModelEntry[]>();
  for (const model of models) {
    const purpose = purposeOf(model);
    groups.set(purpose, [...(groups.get(purpose) ?? []), model]);
  }
  return [...groups].map(([purpose, group]) => ({ purpose, models: group }));
}

/** What a model is for, in one line: tissue, and what it finds there. */
export function purposeOf({ manifest: { specimen, classes, provenance } }: ModelEntry): string {
  const found = classes.filter(({ background }) => !background).map(({ name }) => name);
  const classNames = (found.length > 0 ? found : classes.map(({ name }) => name)).join(', ');
  if (provenance.synthetic) return `Synthetic slides: ${classNames}`;
  if (specimen === undefined) return `Organ and stain not stated: ${classNames}`;
  const organ = `${specimen.organ.slice(0, 1).toUpperCase()}${specimen.organ.slice(1)}`;
  return `${organ}, ${specimen.stain}: ${classNames}`;
}

/** The main figure: of one class its IoU, of several the mean with their number, which it depends on. */
export function accuracyText({ manifest: { metrics, classes } }: ModelEntry): string {
  if (metrics === null) return 'Accuracy not measured';
  const found = classes.flatMap(({ background }, value) => (background ? [] : [value]));
  const [only] = found;
  const iou = only === undefined ? undefined : metrics.iou[only];
  return found.length === 1 && iou != null
    ? `IoU ${formatFraction(iou)}`
    : `mIoU ${formatFraction(metrics.miou)} (${classes.length} classes)`;
}

/** All of a measurement: figures, their classes and the data. */
export function measuredOn({ data, miou, iou, accuracy }: NonNullable<ModelManifest['metrics']>): string {
  const classes = iou.length > 0 ? ` (${iou.length} classes)` : '';
  return `${formatFraction(miou)} mIoU${classes}, ${formatFraction(accuracy)} accuracy on ${data}`;
}

/** Expected speed on this device. */
export function speedText(speed: ExpectedSpeed | null): string {
  if (speed === null) return 'Speed not measured';
  const rate = `${formatRate(speed.slicesPerSecond)} slices/s`;
  return speed.measured ? `${rate} (measured)` : `≈ ${rate} (estimated)`;
}

/** Resolution of the network's input. */
export function resolutionOf({ manifest }: ModelEntry): string {
  return `${Number(inputMpp(manifest).toPrecision(3))} µm/px`;
}

/** Organ and stain of the training data. */
export function specimenOfCard({ manifest: { specimen } }: ModelEntry): string {
  if (specimen === undefined) return 'Organ and stain not stated';
  return `Organ: ${specimen.organ}; stain: ${specimen.stain}`;
}

export function classList(model: ModelEntry): string {
  return model.manifest.classes.map((entry) => entry.name).join(', ');
}

/** The network's field of view: the slice, and the context if there is one. */
export function fieldOf(model: ModelEntry): string {
  const { slice, context } = model.manifest;
  const detail = `slice ${Math.round(slice.fieldUm)} µm`;
  if (context === null) return `${detail}, no context`;
  if (context.kind === 'slide') return `${detail}, context: whole slide`;
  if (context.kind === 'same') return `${detail}, context: same slice`;
  return `${detail}, context ${Math.round(context.fieldUm).toLocaleString('en-GB')} µm (${context.kind})`;
}

/** Whether slide and model fit, judging by slide metadata and model card. Pure. */
import type { ModelManifest } from '../../runtime/manifest.ts';
import { darkBackgroundWarning, fluorescenceRefusal } from '../../worker/segment-client.ts';
import type { SlideMpp } from '../../slide/slide.ts';
import { organName, stainName } from './specimen.ts';
import type { Specimen } from './specimen.ts';

/** Slides coarser than the model's input by more than this factor lose too much detail. */
const coarsest = 1.3;

export interface SlideForModel {
  /** The resolution to work with; null where unknown. */
  readonly mpp: SlideMpp | null;
  /** Level-0 pixels. */
  readonly width: number;
  readonly height: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly specimen: Specimen;
  /** Whether its background is dark, as in fluorescence; null where unknown. */
  readonly darkBackground: boolean | null;
}

/** µm per pixel of the model's input. */
export function inputMpp({ slice }: Pick<ModelManifest, 'slice'>): number {
  return slice.fieldUm / slice.sizePx;
}

/** Why `model` is not run on `slide` unless the user insists, a sentence; null if it is. */
export function fitRefusal(
  model: Pick<ModelManifest, 'specimen'>,
  { stain }: Pick<Specimen, 'stain'>,
): string | null {
  return stain !== null && stainName(stain) === 'fluorescence' ? fluorescenceRefusal(model) : null;
}

/** What speaks against running a model on a slide. */
export interface FitFinding {
  /** For the chip in the pane's title. */
  readonly label: string;
  /** A sentence. */
  readonly problem: string;
  /** Whether the model is not run until the user says so; otherwise the problem is only shown. */
  readonly asks: boolean;
}

/** Reasons not to run `model` on `slide`, as sentences, besides `fitRefusal`. Unknown facts give none. */
export function fitWarnings(model: ModelManifest, slide: SlideForModel): string[] {
  return fitFindings(model, slide).map(({ problem }) => problem);
}

/** What speaks against running `model` on `slide` by what both state, besides `fitRefusal`. Unknown facts do not. */
export function fitFindings(model: ModelManifest, slide: SlideForModel): FitFinding[] {
  const found: FitFinding[] = [];
  const { specimen } = model;
  const { organ, stain } = slide.specimen;
  if (
    specimen !== undefined &&
    stain !== null &&
    stainName(stain) !== stainName(specimen.stain) &&
    fitRefusal(model, slide.specimen) === null
  ) {
    found.push({
      label: `${capitalised(stainName(stain))}, not ${specimen.stain}`,
      problem: `${capitalised(stainName(stain))} slide; model trained on ${specimen.stain} only.`,
      asks: true,
    });
  }
  const dark = stain === null && slide.darkBackground === true ? darkBackgroundWarning(model) : null;
  if (dark !== null) found.push({ label: 'Dark background', problem: dark, asks: true });
  if (model.provenance.synthetic && !isSynthetic(slide)) {
    const problem = 'Trained on synthetic slides only; results on this slide are meaningless.';
    found.push({ label: 'Trained on synthetic slides only', problem, asks: true });
  } else if (specimen !== undefined && organ !== null && organName(organ) !== organName(specimen.organ)) {
    const has = organName(organ) === 'none' ? 'Synthetic' : capitalised(organName(organ));
    found.push({
      label: `${has}, not ${specimen.organ}`,
      problem: `${has} slide; model trained on ${specimen.organ} only.`,
      asks: true,
    });
  }
  return [...found, ...sizeFindings(model, slide)];
}

/** Slides that are too coarse or too small. */
function sizeFindings(model: ModelManifest, { mpp, width, height }: SlideForModel): FitFinding[] {
  if (mpp === null) return [];
  const found: FitFinding[] = [];
  const wanted = inputMpp(model);
  const has = Math.sqrt(mpp.x * mpp.y);
  if (has > wanted * coarsest) {
    const problem = `Slide ${figure(has)} µm/px, model ${figure(wanted)} µm/px: the slide is too coarse.`;
    found.push({ label: 'Slide too coarse', problem, asks: true });
  }
  const side = Math.min(width * mpp.x, height * mpp.y);
  if (side < model.slice.fieldUm) {
    const problem = `Slide ${figure(side)} µm wide or high, smaller than the model's slice (${figure(model.slice.fieldUm)} µm).`;
    found.push({ label: 'Slide smaller than a slice', problem, asks: false });
  }
  return found;
}

/** Resolution, organ and stain of slide and model, one line each, whether or not they could be compared. */
export function fitNotes(model: ModelManifest, { mpp, specimen }: SlideForModel): string[] {
  const { specimen: card } = model;
  const note = (what: string, slide: string | null, wanted: string | null): string => {
    if (slide === null && wanted === null) return `${what}: not specified`;
    return `${what}: slide ${slide ?? 'not specified'}, model ${wanted ?? 'not specified'}`;
  };
  return [
    note(
      'Resolution',
      mpp === null ? null : figure(Math.sqrt(mpp.x * mpp.y)),
      `${figure(inputMpp(model))} µm/px`,
    ),
    note('Organ', specimen.organ, card?.organ ?? null),
    note('Stain', specimen.stain, card?.stain ?? null),
  ];
}

/** Slides of `dualscope phantom` state it in their description. */
function isSynthetic({ properties, specimen }: SlideForModel): boolean {
  if (specimen.organ !== null) return organName(specimen.organ) === 'none';
  return Object.values(properties).some((value) => /phantom|synthetic/i.test(value));
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

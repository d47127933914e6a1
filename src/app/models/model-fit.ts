/** Whether slide and model fit, as far as files and cards say. Pure. */
import type { ModelManifest } from '../../runtime/manifest.ts';
import type { SlideMpp } from '../../slide/slide.ts';
import { organName, stainName } from './specimen.ts';
import type { Specimen } from './specimen.ts';

/** Coarser slides than this have to be enlarged so much that cells lose their look. */
const coarsest = 1.3;

export interface SlideForModel {
  /** The resolution to work with; null where unknown. */
  readonly mpp: SlideMpp | null;
  /** Level-0 pixels. */
  readonly width: number;
  readonly height: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly specimen: Specimen;
}

/** µm per pixel of the model's input. */
export function inputMpp({ slice }: Pick<ModelManifest, 'slice'>): number {
  return slice.fieldUm / slice.sizePx;
}

/** What speaks against running `model` on `slide`, as sentences; none where nothing is known to. */
export function fitWarnings(model: ModelManifest, slide: SlideForModel): string[] {
  const warnings: string[] = [];
  const { mpp } = slide;
  const wanted = inputMpp(model);
  if (mpp !== null) {
    const has = Math.sqrt(mpp.x * mpp.y);
    if (has > wanted * coarsest) {
      warnings.push(
        `The model looks at ${figure(wanted)} µm per pixel; the slide has only ${figure(has)} and would be enlarged.`,
      );
    }
    const side = Math.min(slide.width * mpp.x, slide.height * mpp.y);
    if (side < model.slice.fieldUm) {
      warnings.push(
        `The slide is ${figure(side)} µm wide or high, less than the model's slice of ${figure(model.slice.fieldUm)} µm.`,
      );
    }
  }
  const { specimen } = model;
  const { organ, stain } = slide.specimen;
  if (specimen !== undefined && stain !== null && stainName(stain) !== stainName(specimen.stain)) {
    warnings.push(`The stain of the slide is ${stainName(stain)}; the model has learnt from ${specimen.stain}.`);
  } else if (specimen === undefined && stain !== null && stainName(stain) === 'fluorescence') {
    warnings.push('The slide is fluorescence; the card of the model says nothing of it.');
  }
  if (model.provenance.synthetic && !isSynthetic(slide)) {
    warnings.push('The model has learnt from synthetic slides only: on this slide its result means nothing.');
  } else if (specimen !== undefined && organ !== null && organName(organ) !== organName(specimen.organ)) {
    const has = organName(organ) === 'none' ? 'tissue of no organ' : organName(organ);
    warnings.push(`The slide shows ${has}; the model has learnt from ${specimen.organ} alone.`);
  }
  return warnings;
}

/** What of resolution, organ and stain could be compared, as one sentence each: what is not known gives no warning. */
export function fitNotes(model: ModelManifest, { mpp, specimen }: SlideForModel): string[] {
  const { specimen: card } = model;
  const note = (what: string, slide: string | null, wanted: string | null): string => {
    if (slide === null && wanted === null) return `${what}: neither slide nor card say.`;
    if (slide === null) return `${what}: the slide does not say; the card says ${wanted ?? ''}.`;
    if (wanted === null) return `${what}: ${slide}; the card does not say.`;
    return `${what}: ${slide}; the card says ${wanted}.`;
  };
  return [
    note(
      'Resolution',
      mpp === null ? null : `${figure(Math.sqrt(mpp.x * mpp.y))} µm/px`,
      `${figure(inputMpp(model))} µm/px`,
    ),
    note('Organ', specimen.organ, card?.organ ?? null),
    note('Stain', specimen.stain, card?.stain ?? null),
  ];
}

/** Slides of `dualscope phantom` say so in their description. */
function isSynthetic({ properties, specimen }: SlideForModel): boolean {
  if (specimen.organ !== null) return organName(specimen.organ) === 'none';
  return Object.values(properties).some((value) => /phantom|synthetic/i.test(value));
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Whether slide and model fit, as far as files and cards say. Pure. */
import type { ModelManifest } from '../../runtime/manifest.ts';
import type { SlideMpp } from '../../slide/slide.ts';

/** Coarser slides than this have to be enlarged so much that cells lose their look. */
const coarsest = 1.3;

export interface SlideForModel {
  /** The resolution to work with; null where unknown. */
  readonly mpp: SlideMpp | null;
  /** Level-0 pixels. */
  readonly width: number;
  readonly height: number;
  readonly properties: Readonly<Record<string, string>>;
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
  if (isFluorescence(slide) && !/fluoresc/i.test(cardText(model))) {
    warnings.push('The slide is fluorescence; the card says nothing of it, so the model expects a stain in bright field.');
  }
  if (model.provenance.synthetic && !isSynthetic(slide)) {
    warnings.push('The model has learnt from synthetic slides only: on this slide its result means nothing.');
  }
  return warnings;
}

function cardText({ description, intendedUse, provenance }: ModelManifest): string {
  return `${description} ${intendedUse} ${provenance.data}`;
}

/** Only slides that are shown as a composite of channels name them. */
function isFluorescence({ properties }: SlideForModel): boolean {
  return properties.Channels !== undefined;
}

/** Slides of `dualscope phantom` say so in their description. */
function isSynthetic({ properties }: SlideForModel): boolean {
  return Object.values(properties).some((value) => /phantom|synthetic/i.test(value));
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}

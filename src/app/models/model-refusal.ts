/** Which models are refused, and why: they fail their check on this backend, or are not for the open slide. */
import type { SlideMetadata } from '../../slide/slide.ts';
import { currentMpp, currentSpecimen } from '../state/state.ts';
import type { AppState, ModelEntry } from '../state/state.ts';
import { fitFindings, fitRefusal } from './model-fit.ts';
import type { FitFinding, SlideForModel } from './model-fit.ts';

/** Why a model is not used. */
export interface Refusal {
  /** A sentence. */
  readonly problem: string;
  /** Whether the user may use it all the same: it runs, but fails its golden check or is not for such slides. */
  readonly overridable: boolean;
  /** `check`: the model fails its check, on every slide. `fit`: it is not for the open one. */
  readonly kind: 'check' | 'fit';
}

/** The parts of the state that decide whether a model is used. */
export type RefusalState = MisfitState & Pick<AppState, 'modelChecks' | 'allowedMisfits'>;

/** The parts of the state that decide whether a model is for the open slide. */
export type MisfitState = Pick<AppState, 'slide' | 'specimens' | 'demos' | 'measuredMisfits' | 'preferences'>;

/**
 * Why the model is refused on this backend or slide; null if it is not, is used all the same, or has not been checked.
 */
export function refusalOf(state: RefusalState, model: ModelEntry): Refusal | null {
  return checkRefusal(state, model) ?? misfitRefusal(state, model);
}

function misfitRefusal(state: RefusalState, model: ModelEntry): Refusal | null {
  const problem = isAllowedMisfit(state, model) ? null : misfitOf(state, model);
  return problem === null ? null : { problem, overridable: true, kind: 'fit' };
}

/** Why the model asks before it runs on the open slide, in sentences; null without a reason. */
export function misfitOf(state: MisfitState, model: ModelEntry): string | null {
  const { slide, preferences } = state;
  if (slide === null) return null;
  const stated = mismatchesOf(state, model).filter(({ asks }) => asks);
  const refusal = fitRefusal(model.manifest, currentSpecimen(state));
  // Fluorescence is never a matter of preference: models find something everywhere.
  if (refusal !== null || !preferences.askMisfit) return refusal;
  const measured = state.measuredMisfits[misfitKey(slide.metadata, model.id)];
  const reasons = [...stated.map(({ problem }) => problem), ...(measured === undefined ? [] : [measured])];
  return reasons.length === 0 ? null : reasons.join(' ');
}

/** What speaks against the model on the open slide by what both state, whether or not the user uses it all the same. */
export function mismatchesOf(
  state: Pick<AppState, 'slide' | 'specimens' | 'demos'>,
  { manifest }: ModelEntry,
): readonly FitFinding[] {
  const slide = slideForModel(state);
  if (slide === null) return [];
  const refusal = fitRefusal(manifest, slide.specimen);
  const refused = refusal === null ? [] : [{ label: 'Fluorescence', problem: refusal, asks: true }];
  return [...refused, ...fitFindings(manifest, slide)];
}

/** What model cards are compared with; null without an open slide. */
export function slideForModel(state: Pick<AppState, 'slide' | 'specimens' | 'demos'>): SlideForModel | null {
  const { slide } = state;
  if (slide === null) return null;
  const { metadata, darkBackground } = slide;
  return { ...metadata, mpp: currentMpp(slide), specimen: currentSpecimen(state), darkBackground };
}

/** Whether the user uses the model on the open slide although it is not for it. */
export function isAllowedMisfit(
  { slide, allowedMisfits }: Pick<AppState, 'slide' | 'allowedMisfits'>,
  { id }: Pick<ModelEntry, 'id'>,
): boolean {
  return slide !== null && allowedMisfits.includes(misfitKey(slide.metadata, id));
}

/** A slide and a model, for `AppState.allowedMisfits`. */
export const misfitKey = ({ fingerprint }: SlideMetadata, modelId: string): string =>
  `${fingerprint} ${modelId}`;

function checkRefusal({ modelChecks }: RefusalState, model: ModelEntry): Refusal | null {
  const check = modelChecks[model.id];
  if (model.overridden === true || check === undefined || check.kind === 'running') return null;
  if (check.kind === 'failed') {
    const { code, problem, remedy } = check.error;
    return code === 'failed-check'
      ? { problem, overridable: true, kind: 'check' }
      : { problem: `${problem} ${remedy}`, overridable: false, kind: 'check' };
  }
  const { problem } = check.result;
  return problem === null
    ? null
    : { problem: `The model fails its golden check: ${problem}`, overridable: true, kind: 'check' };
}

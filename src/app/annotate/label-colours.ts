/** Colours of annotations: those of the class that their label names. */
import { classOfLabel } from '../../annotation/annotation-file.ts';
import { classColours } from '../overlay/class-palette.ts';
import type { PaletteId } from '../overlay/class-palette.ts';
import { chooseModel } from '../session/model-list.ts';
import { activeModel, annotateOf, shownModels } from '../state/state.ts';
import type { AppState, ModelEntry } from '../state/state.ts';

/** Of labels that are no class: seen on tissue and unlike the classes' own. */
const plainColour = '#56B4E9';

export interface LabelClass {
  readonly name: string;
  /** `#rrggbb`. */
  readonly colour: string;
}

/**
 * The model whose classes annotations can be given: the active one, else one that another pane shows, else one that tells
 * the truth's classes apart, else the one that the page would start with.
 */
export function labelModel(state: AppState): ModelEntry | null {
  const models = state.models ?? [];
  const names = annotateOf(state).truth?.classNames.join();
  const ofTruth = models.find(({ manifest }) => manifest.classes.map(({ name }) => name).join() === names);
  return activeModel(state) ?? shownModels(state)[0] ?? ofTruth ?? chooseModel(models, null, 'unknown');
}

export function labelClasses(model: ModelEntry | null, palette: PaletteId): LabelClass[] {
  const classes = model?.manifest.classes ?? [];
  const colours = classColours(classes, palette);
  return classes.map(({ name }, value) => ({ name, colour: colours[value] ?? plainColour }));
}

export function colourOfLabel(label: string, classes: readonly LabelClass[]): string {
  const at = classOfLabel(
    label,
    classes.map(({ name }) => name),
  );
  return (at === null ? null : classes[at]?.colour) ?? plainColour;
}

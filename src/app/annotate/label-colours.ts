/** The classes that annotations can be given, and their colours. */
import { classOfLabel } from '../../annotation/annotation-file.ts';
import { classColours } from '../overlay/class-palette.ts';
import type { PaletteId } from '../overlay/class-palette.ts';
import { chooseModel } from '../session/model-list.ts';
import { activeModel, annotateOf, shownModels } from '../state/state.ts';
import type { AppState, ModelEntry } from '../state/state.ts';

/** For labels that name no class: visible on tissue and unlike any class colour. */
const defaultColour = '#56B4E9';

export interface LabelClass {
  readonly name: string;
  /** `#rrggbb`. */
  readonly colour: string;
}

/**
 * The model whose classes annotations can be given: the active one, else one shown in another pane, else one with the
 * truth's classes, else the default model.
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
  return classes.map(({ name }, value) => ({ name, colour: colours[value] ?? defaultColour }));
}

export function colourOfLabel(label: string, classes: readonly LabelClass[]): string {
  const at = classOfLabel(
    label,
    classes.map(({ name }) => name),
  );
  return (at === null ? null : classes[at]?.colour) ?? defaultColour;
}

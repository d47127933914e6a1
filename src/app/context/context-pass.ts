/**
 * The second pass of a model, which leaves the context out: an entry of its own that runs, keeps slices and is restored like
 * a model, under a name of its own. Pure.
 */
import { maxPairedClasses } from '../../evaluation/context-change.ts';

/** What passes need of a model. */
interface Passing {
  readonly id: string;
  readonly withoutContext?: true;
  readonly manifest: {
    readonly classes: readonly unknown[];
    readonly context: unknown;
    readonly contextDropout?: unknown;
  };
}

const suffix = ' without context';

const secondPasses = new WeakMap<object, object>();

/** The pass without context; the same object each time. */
export function withoutContextPass<Model extends Passing>(model: Model): Model {
  const known = secondPasses.get(model);
  if (known !== undefined) return known as Model;
  const pass = { ...model, withoutContext: true as const };
  secondPasses.set(model, pass);
  return pass;
}

/** Tells the passes of a model apart; the model's id for the usual one. */
export function passId({ id, withoutContext }: Pick<Passing, 'id' | 'withoutContext'>): string {
  return withoutContext === true ? `${id}${suffix}` : id;
}

/** The pass that `passId` names; null for a model that is not there. */
export function passById<Model extends Passing>(models: readonly Model[] | null, id: string): Model | null {
  const plain = models?.find((model) => model.id === id);
  if (plain !== undefined) return plain;
  const model = models?.find((each) => `${each.id}${suffix}` === id);
  return model === undefined ? null : withoutContextPass(model);
}

/** Why a pass of the model without its context would mean nothing, a sentence; null if it means something. */
export function contextRefusal({ manifest }: Pick<Passing, 'manifest'>): string | null {
  const { context, contextDropout, classes } = manifest;
  if (context === null) return 'This model reads no context.';
  if (contextDropout === undefined) return 'This model was not trained to do without its context.';
  return classes.length > maxPairedClasses ? `More than ${maxPairedClasses} classes.` : null;
}

/** What a list of layers offers. */
export interface ContextOption {
  readonly layer: { readonly kind: 'context'; readonly id: string };
  readonly title: string;
  readonly disabled: boolean;
}

export const contextTitle = 'What did the context change?';

/**
 * A layer for every model that also works without its context; for the model `shown` that does not, why there is none.
 * @param titleOf names a model
 */
export function contextOptions<Model extends Passing>(
  models: readonly Model[],
  shown: string | null,
  titleOf: (model: Model) => string,
): ContextOption[] {
  return models.flatMap((model) => {
    const refusal = contextRefusal(model);
    if (refusal !== null && model.id !== shown) return [];
    return {
      layer: { kind: 'context', id: model.id },
      title: `Context change: ${refusal ?? titleOf(model)}`,
      disabled: refusal !== null,
    };
  });
}

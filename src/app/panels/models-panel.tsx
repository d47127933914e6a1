/** Models: what each is for, on what it was trained, how well it did. */
import { formatFraction } from '../format.ts';
import { activePaneOf } from '../state/state.ts';
import type { ModelEntry } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Section } from './section.tsx';

export function ModelsPanel(): React.JSX.Element {
  const models = useApp((state) => state.models);
  return (
    <Section title="Models">
      {models === null && <p className="hint">Reading the list of models…</p>}
      {models?.length === 0 && (
        <p className="hint">There are no models. Train one, or copy a model folder into models/.</p>
      )}
      <ul className="choices" data-testid="model-list">
        {models?.map((model) => (
          <ModelItem key={model.id} model={model} />
        ))}
      </ul>
    </Section>
  );
}

function ModelItem({ model }: { readonly model: ModelEntry }): React.JSX.Element {
  const { store } = useWorkbench();
  const current = useApp((state) => activePaneOf(state).modelId === model.id);
  const { manifest } = model;
  return (
    <li>
      <button
        type="button"
        className="choice"
        aria-current={current}
        data-testid={`model-${model.id}`}
        onClick={() => store.dispatch({ type: 'choose-model', modelId: model.id })}
      >
        <span className="choice-title">
          {manifest.title}
          {manifest.provenance.synthetic && <span className="tag">Synthetic data</span>}
        </span>
        <span className="choice-detail">{manifest.description}</span>
        <span className="choice-detail">{classNames(model)}</span>
        <span className="choice-detail">{fieldOf(model)}</span>
        {manifest.metrics !== null && (
          <span className="choice-detail">{formatFraction(manifest.metrics.miou)} mIoU</span>
        )}
      </button>
    </li>
  );
}

export function classNames(model: ModelEntry): string {
  return model.manifest.classes.map((entry) => entry.name).join(', ');
}

/** What the network looks at: the slice, and the context if it has one. */
export function fieldOf(model: ModelEntry): string {
  const { slice, context } = model.manifest;
  const detail = `slice ${Math.round(slice.fieldUm)} µm`;
  if (context === null) return `${detail}, no context`;
  if (context.kind === 'slide') return `${detail}, context: the whole slide`;
  if (context.kind === 'same') return `${detail}, context: the slice itself`;
  return `${detail}, context ${Math.round(context.fieldUm).toLocaleString('en-GB')} µm (${context.kind})`;
}

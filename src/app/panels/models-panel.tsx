/** Models, by what they are for: accuracy and speed of each, the rest of its card folded. */
import { TriangleAlert } from 'lucide-react';
import { tip } from '../frame/tip.ts';
import { CommandButton } from '../commands/command-button.tsx';
import type { SlideForModel } from '../models/model-fit.ts';
import { useRefusal } from '../models/use-refusal.ts';
import { fitWarning } from '../../base/tissue-fit.ts';
import { useLayerContent, useMapVersion } from '../session/use-layer.ts';
import { expectedSpeed } from '../models/model-speed.ts';
import type { ExpectedSpeed } from '../models/model-speed.ts';
import {
  accuracyText,
  classList,
  fieldOf,
  measuredOn,
  modelGroups,
  resolutionOf,
  speedText,
} from '../models/model-words.ts';
import { formatBytes } from '../format.ts';
import { activePaneOf, currentMpp, currentSpecimen, layerText, modelTitle } from '../state/state.ts';
import { overrideAction } from '../state/reducer.ts';
import type { Refusal } from '../models/model-refusal.ts';
import type { ModelEntry } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { OfflineNote } from '../offline/offline-note.tsx';
import { FactList, PanelSection } from './section.tsx';

export function ModelsPanel(): React.JSX.Element {
  const models = useApp((state) => state.models);
  return (
    <PanelSection title="Models">
      {models === null && <p className="hint">Loading models…</p>}
      {models?.length === 0 && (
        <p className="hint">No models. Train one, or copy a model folder into models/.</p>
      )}
      <CommandButton id="model.open" label="Open model…" className="wide" />
      <OfflineNote />
      <div className="model-list" data-testid="model-list">
        {modelGroups(models ?? []).map(({ purpose, models: group }) => (
          <section key={purpose} aria-label={purpose}>
            <h3 className="model-purpose">{purpose}</h3>
            <ul className="choices">
              {group.map((model) => (
                <ModelItem key={model.id} model={model} />
              ))}
            </ul>
          </section>
        ))}
      </div>
    </PanelSection>
  );
}

function ModelItem({ model }: { readonly model: ModelEntry }): React.JSX.Element {
  const { store } = useWorkbench();
  const current = useApp((state) => layerText(activePaneOf(state).layer) === `model:${model.id}`);
  const models = useApp((state) => state.models) ?? [];
  const speeds = useApp((state) => state.speeds);
  const speed = expectedSpeed(model, models, speeds);
  return (
    <li>
      <button
        type="button"
        className="choice"
        aria-current={current}
        data-testid={`model-${model.id}`}
        onClick={() => store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: model.id } })}
      >
        <span className="choice-title">
          {modelTitle(model)}
          {model.manifest.provenance.synthetic && <span className="tag">Synthetic data</span>}
        </span>
        <span className="choice-detail">{accuracyText(model)}</span>
        {speed !== null && (
          <span className="choice-detail" data-testid={`speed-line-${model.id}`}>
            {speedText(speed)}
          </span>
        )}
      </button>
      <ModelRefusal model={model} />
      <FitWarnings model={model} />
      <ModelDetails model={model} speed={speed} />
    </li>
  );
}

/** Why a model is refused, and the deliberate way to use it all the same; or that it is used so. */
export function ModelRefusal({ model }: { readonly model: ModelEntry }): React.JSX.Element | null {
  const refusal = useRefusal(model);
  if (refusal !== null) {
    return (
      <RefusalNote
        model={model}
        refusal={refusal}
        testId={`refusal-${model.id}`}
        overrideTestId={`override-${model.id}`}
      />
    );
  }
  if (model.overridden !== true) return null;
  return (
    <p className="model-refusal hint warning-text" data-testid={`refusal-${model.id}`}>
      <TriangleAlert size={13} aria-hidden /> Fails its check; used all the same. Every result says so.
    </p>
  );
}

/** As `ModelRefusal`, where the reason is the open slide. */
export function MisfitRefusal({ model }: { readonly model: ModelEntry }): React.JSX.Element | null {
  const refusal = useRefusal(model);
  if (refusal?.kind !== 'fit') return null;
  return (
    <RefusalNote
      model={model}
      refusal={refusal}
      testId={`misfit-${model.id}`}
      overrideTestId={`allow-${model.id}`}
    />
  );
}

interface RefusalNoteProps {
  readonly model: ModelEntry;
  readonly refusal: Refusal;
  readonly testId: string;
  readonly overrideTestId: string;
}

function RefusalNote({ model, refusal, testId, overrideTestId }: RefusalNoteProps): React.JSX.Element {
  const { store } = useWorkbench();
  return (
    <div className="model-refusal" data-testid={testId}>
      <p className="hint warning-text">
        <TriangleAlert size={13} aria-hidden /> Refused. {refusal.problem}
      </p>
      {refusal.overridable && (
        <button
          type="button"
          className="button small"
          {...tip(
            refusal.kind === 'check'
              ? 'Every picture, figure and file of it will say that the model failed its check'
              : 'Use it on this slide; its layer will say that it is not made for it',
          )}
          data-testid={overrideTestId}
          onClick={() => store.dispatch(overrideAction(refusal, model.id))}
        >
          Use anyway
        </button>
      )}
    </div>
  );
}

interface ModelDetailsProps {
  readonly model: ModelEntry;
  /** null where no model has run here yet. */
  readonly speed: ExpectedSpeed | null;
}

/** What the model card says, besides what the list shows of every model. */
function ModelDetails({ model, speed }: ModelDetailsProps): React.JSX.Element {
  const { description, metrics, provenance, graph } = model.manifest;
  return (
    <details className="model-details" data-testid={`model-details-${model.id}`}>
      <summary>Details</summary>
      <p className="hint">{description}</p>
      <FactList
        rows={[
          ['Classes', classList(model)],
          ['Field', fieldOf(model)],
          ['Input', resolutionOf(model)],
          ...(metrics === null ? [] : ([['Measured', measuredOn(metrics)]] as const)),
          ['Trained on', provenance.data],
          ['Licence', provenance.licence],
          ['Size', formatBytes(graph.weightsBytes)],
          [
            'Speed',
            <span key="speed" data-testid={`speed-${model.id}`}>
              {speedText(speed)}
            </span>,
          ],
        ]}
      />
    </details>
  );
}

/** What model cards are compared with; null without an open slide. */
export function useSlideForModel(): SlideForModel | null {
  const slide = useApp((state) => state.slide);
  const organ = useApp((state) => currentSpecimen(state).organ);
  const stain = useApp((state) => currentSpecimen(state).stain);
  if (slide === null) return null;
  const { metadata, darkBackground } = slide;
  return { ...metadata, mpp: currentMpp(slide), specimen: { organ, stain }, darkBackground };
}

/** Warnings if the model does not fit the open slide, besides why it is refused. */
export function FitWarnings({ model }: { readonly model: ModelEntry }): React.JSX.Element | null {
  const refusal = useRefusal(model);
  const content = useLayerContent({ kind: 'model', id: model.id });
  useMapVersion(content?.map ?? null);
  if (content === null) return null;
  const { mismatches = [], map, title } = content;
  const measured = map.fit === null ? null : fitWarning(map.fit, title);
  const all = [...mismatches.map(({ problem }) => problem), ...(measured === null ? [] : [measured])];
  const warnings = all.filter((text) => refusal?.kind !== 'fit' || !refusal.problem.includes(text));
  if (warnings.length === 0) return null;
  return (
    <ul className="fit-warnings" data-testid={`fit-${model.id}`}>
      {warnings.map((warning) => (
        <li key={warning} className="hint warning-text">
          <TriangleAlert size={13} aria-hidden /> {warning}
        </li>
      ))}
    </ul>
  );
}

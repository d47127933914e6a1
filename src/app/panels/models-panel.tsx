/** Models: purpose, training data and accuracy of each. */
import { TriangleAlert } from 'lucide-react';
import { CommandButton } from '../commands/command-button.tsx';
import { inputMpp } from '../models/model-fit.ts';
import type { SlideForModel } from '../models/model-fit.ts';
import { useRefusal } from '../models/use-refusal.ts';
import { fitWarning } from '../../base/tissue-fit.ts';
import { useLayerContent, useMapVersion } from '../session/use-layer.ts';
import { expectedSpeed } from '../models/model-speed.ts';
import type { ExpectedSpeed } from '../models/model-speed.ts';
import { formatBytes, formatFraction, formatRate } from '../format.ts';
import { activePaneOf, currentMpp, currentSpecimen, layerText, modelTitle } from '../state/state.ts';
import { overrideAction } from '../state/reducer.ts';
import type { ModelEntry, Refusal } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { OfflineNote } from '../offline/offline-note.tsx';
import { PanelSection } from './section.tsx';

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
      <ul className="choices" data-testid="model-list">
        {models?.map((model) => (
          <ModelItem key={model.id} model={model} />
        ))}
      </ul>
    </PanelSection>
  );
}

function ModelItem({ model }: { readonly model: ModelEntry }): React.JSX.Element {
  const { store } = useWorkbench();
  const current = useApp((state) => layerText(activePaneOf(state).layer) === `model:${model.id}`);
  const models = useApp((state) => state.models) ?? [];
  const speeds = useApp((state) => state.speeds);
  const speed = expectedSpeed(model, models, speeds);
  const { manifest } = model;
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
          {manifest.provenance.synthetic && <span className="tag">Synthetic data</span>}
        </span>
        <span className="choice-detail">{manifest.description}</span>
        {current ? <WholeCard model={model} /> : <span className="choice-detail">{shortCard(model)}</span>}
        <span className="choice-detail" data-testid={`speed-${model.id}`}>
          {speedText(speed)}
        </span>
      </button>
      <ModelRefusal model={model} />
      <FitWarnings model={model} />
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
          title={
            refusal.kind === 'check'
              ? 'Every picture, figure and file of it will say that the model failed its check'
              : 'Use it on this slide; its layer will say that it is not made for it'
          }
          data-testid={overrideTestId}
          onClick={() => store.dispatch(overrideAction(refusal, model.id))}
        >
          Use anyway
        </button>
      )}
    </div>
  );
}

/** The full card of the model in use. */
function WholeCard({ model }: { readonly model: ModelEntry }): React.JSX.Element {
  const { metrics, provenance } = model.manifest;
  return (
    <>
      <span className="choice-detail">{specimenOfCard(model)}</span>
      <span className="choice-detail">Classes: {classList(model)}</span>
      <span className="choice-detail">
        {fieldOf(model)}, {resolutionOf(model)}, {sizeOf(model)}
      </span>
      <span className="choice-detail">
        {metrics === null ? notMeasured : `${formatFraction(metrics.miou)} mIoU on ${metrics.data}`}
      </span>
      <span className="choice-detail">
        Trained on {provenance.data}, {provenance.licence}
      </span>
    </>
  );
}

const notMeasured = 'Accuracy not measured';

/** The facts that distinguish one model from the next. */
function shortCard(model: ModelEntry): string {
  const { metrics, specimen, provenance } = model.manifest;
  const figures = metrics === null ? notMeasured : `${formatFraction(metrics.miou)} mIoU`;
  return [
    figures,
    ...(specimen === undefined || provenance.synthetic ? [] : [specimen.organ]),
    sizeOf(model),
  ].join(', ');
}

function sizeOf({ manifest }: ModelEntry): string {
  return formatBytes(manifest.graph.weightsBytes);
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

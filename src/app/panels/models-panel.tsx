/** Models: what each is for, on what it was trained, how well it did. */
import { TriangleAlert } from 'lucide-react';
import { CommandButton } from '../commands/command-button.tsx';
import { fitWarnings, inputMpp } from '../models/model-fit.ts';
import type { SlideForModel } from '../models/model-fit.ts';
import { expectedSpeed } from '../models/model-speed.ts';
import type { ExpectedSpeed } from '../models/model-speed.ts';
import { formatBytes, formatFraction, formatRate } from '../format.ts';
import { activePaneOf, currentMpp, currentSpecimen, layerText } from '../state/state.ts';
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
      <CommandButton id="model.open" label="Open a model…" className="wide" />
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
          {manifest.title}
          {manifest.provenance.synthetic && <span className="tag">Synthetic data</span>}
        </span>
        <span className="choice-detail">{manifest.description}</span>
        {current ? <WholeCard model={model} /> : <span className="choice-detail">{shortCard(model)}</span>}
        <span className="choice-detail" data-testid={`speed-${model.id}`}>
          {speedText(speed)}
        </span>
      </button>
      <FitWarnings model={model} />
    </li>
  );
}

/** What the model in use is for, and what stands behind it. */
function WholeCard({ model }: { readonly model: ModelEntry }): React.JSX.Element {
  const { metrics, provenance } = model.manifest;
  return (
    <>
      <span className="choice-detail">{specimenOfCard(model)}</span>
      <span className="choice-detail">Classes: {classNames(model)}</span>
      <span className="choice-detail">
        {fieldOf(model)}, {resolutionOf(model)}, {sizeOf(model)}
      </span>
      <span className="choice-detail">
        {metrics === null ? NOT_MEASURED : `${formatFraction(metrics.miou)} mIoU on ${metrics.data}`}
      </span>
      <span className="choice-detail">
        Trained on {provenance.data}, {provenance.licence}
      </span>
    </>
  );
}

const NOT_MEASURED = 'Accuracy not measured';

/** What models are told apart by. */
function shortCard(model: ModelEntry): string {
  const { metrics, specimen, provenance } = model.manifest;
  const figures = metrics === null ? NOT_MEASURED : `${formatFraction(metrics.miou)} mIoU`;
  return [
    figures,
    ...(specimen === undefined || provenance.synthetic ? [] : [specimen.organ]),
    sizeOf(model),
  ].join(', ');
}

function sizeOf({ manifest }: ModelEntry): string {
  return formatBytes(manifest.graph.weightsBytes);
}

/** The open slide, as far as a card can be compared with it; null without one. */
export function useSlideForModel(): SlideForModel | null {
  const slide = useApp((state) => state.slide);
  const organ = useApp((state) => currentSpecimen(state).organ);
  const stain = useApp((state) => currentSpecimen(state).stain);
  if (slide === null) return null;
  return { ...slide.metadata, mpp: currentMpp(slide), specimen: { organ, stain } };
}

/** What speaks against the model on the open slide. */
export function FitWarnings({ model }: { readonly model: ModelEntry }): React.JSX.Element | null {
  const slide = useSlideForModel();
  if (slide === null) return null;
  const warnings = fitWarnings(model.manifest, slide);
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

/** Expected speed on this device, in words. */
export function speedText(speed: ExpectedSpeed | null): string {
  if (speed === null) return 'Speed here: known after the first run';
  const rate = `${formatRate(speed.slicesPerSecond)} slices/s`;
  return speed.measured
    ? `Speed here: ${rate}, as last measured`
    : `Speed here: about ${rate}, from another model`;
}

/** How fine the network sees. */
export function resolutionOf({ manifest }: ModelEntry): string {
  return `${Number(inputMpp(manifest).toPrecision(3))} µm/px`;
}

/** Organ and stain that the network has learnt to read. */
export function specimenOfCard({ manifest: { specimen } }: ModelEntry): string {
  if (specimen === undefined) return 'Organ and stain not stated';
  return `Organ: ${specimen.organ}; stain: ${specimen.stain}`;
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

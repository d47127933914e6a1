/** The active model's card, and its check on the current backend. */
import { ListChecks } from 'lucide-react';
import { tip } from '../frame/tip.ts';
import { formatBytes, formatCount, formatLarge } from '../format.ts';
import { activeModel, modelTitle } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { expectedSpeed } from '../models/model-speed.ts';
import { fitNotes } from '../models/model-fit.ts';
import {
  classList,
  fieldOf,
  measuredOn,
  resolutionOf,
  specimenOfCard,
  speedText,
} from '../models/model-words.ts';
import { ModelRefusal, useSlideForModel } from './models-panel.tsx';
import { FactList, PanelSection } from './section.tsx';
import type { ModelCheck, ModelEntry } from '../state/state.ts';

export function ModelFacts(): React.JSX.Element | null {
  const model = useApp(activeModel);
  const models = useApp((state) => state.models) ?? [];
  const speeds = useApp((state) => state.speeds);
  const slide = useSlideForModel();
  if (model === null) return null;
  const speed = expectedSpeed(model, models, speeds);
  const { manifest } = model;
  const { provenance, metrics, furtherMetrics } = manifest;
  return (
    <PanelSection title="Model" testId="model-facts">
      <p className="model-title">{modelTitle(model)}</p>
      <ModelRefusal model={model} />
      <p className="hint">{manifest.description}</p>
      <FactList
        rows={[
          ['Fusion', manifest.fusion],
          ['Field', fieldOf(model)],
          ['Input', `${manifest.slice.sizePx} × ${manifest.slice.sizePx} px, ${resolutionOf(model)}`],
          ['Tissue', specimenOfCard(model)],
          ...(slide === null
            ? []
            : ([['This slide', <FitNotes key="fit" notes={fitNotes(manifest, slide)} />]] as const)),
          ['Classes', classList(model)],
          ['Trained on', trainedOn(provenance)],
          ...(metrics === null ? [] : ([['Measured', measuredOn(metrics)]] as const)),
          ...(furtherMetrics === undefined
            ? []
            : ([['Also measured', furtherMetrics.map(measuredOn).join('; ')]] as const)),
          [
            'Size',
            `${formatLarge(manifest.parameters)} parameters, ${formatBytes(manifest.graph.weightsBytes)}`,
          ],
          ['Speed', speedText(speed)],
          ['Licence', provenance.licence],
          ['Data licence', provenance.dataLicence],
          ['Intended use', manifest.intendedUse],
        ]}
      />
      <ModelCheckButton model={model} />
    </PanelSection>
  );
}

/** How slide and model card compare. */
function FitNotes({ notes }: { readonly notes: readonly string[] }): React.JSX.Element {
  return (
    <ul className="plain-list" data-testid="fit-notes">
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
}

/** Marks synthetic data, unless the manifest's text already does. */
function trainedOn({ data, synthetic }: { readonly data: string; readonly synthetic: boolean }): string {
  return synthetic && !/synthetic/i.test(data) ? `${data} (synthetic)` : data;
}

/** Runs the model's golden test tensors on the current backend and shows the outcome. */
export function ModelCheckButton({ model }: { readonly model: ModelEntry }): React.JSX.Element {
  const { models } = useWorkbench();
  const check = useApp((state) => state.modelChecks[model.id]);
  const backend = useApp((state) => (state.backend.kind === 'ready' ? state.backend.report.name : null));
  return (
    <div className="model-check">
      <button
        type="button"
        className="button small"
        disabled={check?.kind === 'running' || backend === null}
        {...tip("Run the model's test tensors on this backend")}
        data-testid="check-model"
        onClick={() => void models.check(model)}
      >
        <ListChecks size={14} aria-hidden /> Check model
      </button>
      {check !== undefined && (
        <p
          className={check.kind === 'done' && check.result.passed ? 'hint' : checkClass(check)}
          role="status"
          data-testid="model-check"
          data-passed={check.kind === 'done' ? check.result.passed : undefined}
        >
          {checkText(check)}
        </p>
      )}
    </div>
  );
}

function checkClass({ kind }: ModelCheck): string {
  return kind === 'running' ? 'hint' : 'hint warning-text';
}

function checkText(check: ModelCheck): string {
  if (check.kind === 'running') return 'Checking…';
  if (check.kind === 'failed') return `${check.error.problem} ${check.error.remedy}`;
  const { passed, problem, pixels, differing, largest, required } = check.result;
  if (pixels === 0 && problem !== null) return `Failed: ${problem}`;
  const compared = `${formatCount(differing)} of ${formatCount(pixels)} test pixels differ`;
  const by = differing === 0 ? '' : `, with confidence up to ${largest.toFixed(2)}`;
  return passed
    ? `Passed: ${compared}${by}.`
    : `Failed: ${compared}${by}; at most ${formatCount(Math.floor((1 - required) * pixels))} allowed. Do not trust results on this backend.`;
}

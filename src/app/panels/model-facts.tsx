/** The active model's card. */
import { formatBytes, formatFraction, formatLarge } from '../format.ts';
import type { ModelManifest } from '../../runtime/manifest.ts';
import { activeModel } from '../state/state.ts';
import { useApp } from '../workbench-context.ts';
import { ModelCheckButton } from '../models/model-check.tsx';
import { expectedSpeed } from '../models/model-speed.ts';
import { fitNotes } from '../models/model-fit.ts';
import {
  classList,
  fieldOf,
  resolutionOf,
  specimenOfCard,
  speedText,
  useSlideForModel,
} from './models-panel.tsx';
import { FactList, PanelSection } from './section.tsx';

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
      <p className="model-title">{manifest.title}</p>
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
          ...(metrics === null ? [] : ([['Measured', measured(metrics)]] as const)),
          ...(furtherMetrics === undefined
            ? []
            : ([['Also measured', furtherMetrics.map(measured).join('; ')]] as const)),
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

function measured({ miou, accuracy, data }: NonNullable<ModelManifest['metrics']>): string {
  return `${formatFraction(miou)} mIoU, ${formatFraction(accuracy)} accuracy on ${data}`;
}

/** Marks synthetic data, unless the manifest's text already does. */
function trainedOn({ data, synthetic }: { readonly data: string; readonly synthetic: boolean }): string {
  return synthetic && !/synthetic/i.test(data) ? `${data} (synthetic)` : data;
}

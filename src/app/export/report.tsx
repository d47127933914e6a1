/** The report: one printed page with slide, model card, settings, measurements and images; and its preview. */
import { reviewSentence } from '../objects/review-sentence.ts';
import { useEffect, useState } from 'react';
import { formatArea, formatFraction, formatLarge, formatMpp, formatShare, formatCount } from '../format.ts';
import { specimenOfCard } from '../models/model-words.ts';
import { formatName } from '../../base/slide-format-names.ts';
import { currentMpp, modelTitle } from '../state/state.ts';
import type { ModelEntry } from '../state/state.ts';
import { areaSentence } from '../truth/area-sentence.ts';
import type { Figures } from '../truth/figures-session.ts';
import type { ReportContent } from './report-content.ts';
import { Modal } from '../dialogs/modal.tsx';
import { logEntry, reportOf } from '../session/error-log.ts';
import { isAbort } from '../../base/abort.ts';
import { useWorkbench } from '../workbench-context.ts';
import { gatherReport } from './report-content.ts';

export function ReportPage({ content }: { readonly content: ReportContent }): React.JSX.Element {
  const { slide, model, figures, colours, pictures, settings, truth, warning, objects, date } = content;
  const { metadata } = slide;
  const mpp = currentMpp(slide);
  return (
    <article className="report-page" data-testid="report-page" lang="en">
      <header>
        <h3>Dualscope report</h3>
        <strong>Research use only. Not for diagnosis.</strong>
        <time dateTime={date.toISOString()}>{date.toISOString().slice(0, 16).replace('T', ' ')} UTC</time>
      </header>
      <div className="report-pictures">
        <Figure url={pictures.tissue} caption="Slide" />
        <Figure url={pictures.classes} caption={`Overlay: ${figures.title}`} />
      </div>
      <ul className="report-legend">
        {figures.classes.map(({ name, background, pixels }, value) =>
          background || !isListed(figures, pixels) ? null : (
            <li key={name}>
              <span style={{ background: colours[value] }} aria-hidden />
              {name}
            </li>
          ),
        )}
      </ul>
      <div className="report-columns">
        <section>
          <h4>Slide</h4>
          <Rows
            rows={[
              ['Name', metadata.name],
              [
                'Format',
                [formatName(metadata.format), metadata.scanner].filter((part) => part !== null).join(', '),
              ],
              ['Size', `${formatCount(metadata.width)} × ${formatCount(metadata.height)} px`],
              [
                'Resolution',
                mpp === null
                  ? 'unknown'
                  : `${formatMpp(mpp.x)} (${mpp.source === 'user' ? 'entered' : 'file metadata'})`,
              ],
              ['Fingerprint', metadata.fingerprint.slice(0, 16)],
            ]}
          />
          <h4>Settings</h4>
          <Rows rows={settings} />
          <h4>Measurements, whole slide</h4>
          <AreaTable figures={figures} />
          {objects !== null && objects.left < objects.total && (
            <p>Review of {reviewSentence(objects, content.byObject)}</p>
          )}
          {figures.comparison !== null && <Metrics figures={figures} truth={truth} />}
        </section>
        <section>
          <h4>Model</h4>
          {model === null ? <p>{figures.title}</p> : <ModelCard model={model} />}
          <Figure url={pictures.view} caption="Current view" />
        </section>
      </div>
      <footer>
        Predicted by software for research. Not a medical device, not for diagnosis.
        {warning !== null && ` ${warning}`}
        {model?.overridden === true &&
          ' The model failed its check and was used all the same: do not trust these results.'}
        {model?.manifest.provenance.synthetic === true &&
          ' Trained on synthetic slides only: meaningless on real tissue.'}
      </footer>
    </article>
  );
}

function Figure({
  url,
  caption,
}: {
  readonly url: string | null;
  readonly caption: string;
}): React.JSX.Element | null {
  if (url === null) return null;
  return (
    <figure>
      <img src={url} alt={caption} />
      <figcaption>{caption}</figcaption>
    </figure>
  );
}

function Rows({ rows }: { readonly rows: readonly (readonly [string, string])[] }): React.JSX.Element {
  return (
    <dl>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Whether a class is listed: of the pairs of a layer of what the context changed, those that occur. */
function isListed({ change }: Figures, pixels: number): boolean {
  return change === undefined || pixels > 0;
}

function AreaTable({ figures }: { readonly figures: Figures }): React.JSX.Element {
  const sentence = areaSentence(figures, 'on the slide');
  return (
    <>
      <table>
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col">Area</th>
            <th scope="col">% of tissue</th>
          </tr>
        </thead>
        <tbody>
          {figures.classes
            .filter(({ pixels }) => isListed(figures, pixels))
            .map(({ name, mm2, shareOfTissue }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{mm2 === null ? '' : formatArea(mm2 * 1e6)}</td>
                <td>{formatShare(shareOfTissue)}</td>
              </tr>
            ))}
        </tbody>
      </table>
      {sentence !== null && <p>{sentence}</p>}
    </>
  );
}

function Metrics({
  figures,
  truth,
}: {
  readonly figures: Figures;
  readonly truth: string | null;
}): React.JSX.Element | null {
  const { comparison, classes } = figures;
  if (comparison === null) return null;
  const { metrics, mm2 } = comparison;
  const text = (value: number | null): string => (value === null ? 'not defined' : formatFraction(value));
  return (
    <>
      <h4>Agreement with ground truth</h4>
      <Rows
        rows={[
          ['Truth', truth === null || truth === '' ? 'annotations on this slide' : truth],
          ['Mean IoU', text(metrics.miou)],
          ['IoU', classes.map(({ name }, value) => `${name} ${text(metrics.iou[value] ?? null)}`).join(', ')],
          ['Accuracy', text(metrics.accuracy)],
          ['BACH score', text(metrics.score)],
          ['Compared', mm2 === null ? '' : formatArea(mm2 * 1e6)],
        ]}
      />
    </>
  );
}

function ModelCard({ model }: { readonly model: ModelEntry }): React.JSX.Element {
  const { manifest } = model;
  const { provenance, metrics, slice, context } = manifest;
  return (
    <>
      <p>
        <strong>{modelTitle(model)}</strong>. {manifest.description}
      </p>
      <Rows
        rows={[
          ['ID', manifest.id],
          ['Intended use', manifest.intendedUse],
          ['Trained on', `${provenance.data}; ${provenance.dataLicence}`],
          ['Tissue', specimenOfCard(model)],
          ['Slice', `${slice.fieldUm} µm at ${Number((slice.fieldUm / slice.sizePx).toPrecision(3))} µm/px`],
          [
            'Context',
            context === null ? 'none' : `${context.kind}, ${context.fieldUm} µm; fusion: ${manifest.fusion}`,
          ],
          ['Parameters', formatLarge(manifest.parameters)],
          [
            'Measured',
            metrics === null
              ? 'Accuracy not measured'
              : `mIoU ${formatFraction(metrics.miou)}, accuracy ${formatFraction(metrics.accuracy)}, on ${metrics.data}`,
          ],
          ['Licence', provenance.licence],
          ['Weights', `SHA-256 ${manifest.graph.weightsSha256.slice(0, 16)}`],
        ]}
      />
    </>
  );
}

/** Preview of the report, with a button that prints it. */
export function ReportDialog(): React.JSX.Element {
  const workbench = useWorkbench();
  const [content, setContent] = useState<ReportContent | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const urls: string[] = [];
    let current = true;
    gatherReport(workbench, urls).then(
      (report) => {
        if (!current) return;
        setContent(report);
        setFailed(report === null);
      },
      (error: unknown) => {
        if (isAbort(error) || !current) return;
        setFailed(true);
        workbench.store.dispatch({ type: 'log', entry: logEntry('error', reportOf(error, 'Report'), null) });
      },
    );
    return () => {
      current = false;
      for (const url of urls) URL.revokeObjectURL(url);
    };
  }, [workbench]);
  return (
    <Modal title="Report" className="report-dialog" testId="report-dialog">
      <div className="report-actions">
        <p className="hint">One page. To save it as a file, print to PDF.</p>
        <button
          type="button"
          className="button primary"
          disabled={content === null}
          data-testid="report-print"
          onClick={() => window.print()}
        >
          Print…
        </button>
      </div>
      {content === null ? (
        <p className="report-wait" role="status">
          {failed ? 'No layer to report on.' : 'Preparing report…'}
        </p>
      ) : (
        <ReportPage content={content} />
      )}
    </Modal>
  );
}

/** The report: one page of paper with slide, model card, settings, figures and pictures. Printed by the browser. */
import { useEffect, useState } from 'react';
import { paintPreview } from '../../export/preview.ts';
import { overlapOf } from '../../worker/segment-client.ts';
import { Modal } from '../dialogs/modal.tsx';
import { formatArea, formatFraction, formatLarge, formatMpp, formatShare } from '../format.ts';
import { shownColours } from '../overlay/overlay-style.ts';
import { specimenOfCard } from '../panels/models-panel.tsx';
import { isAbort, logEntry, reportOf } from '../session/error-log.ts';
import type { Workbench } from '../session/workbench.ts';
import { activePaneOf, currentMpp, modelOf, tileColours } from '../state/state.ts';
import type { AppState, ModelEntry, OpenSlide } from '../state/state.ts';
import type { Figures } from '../truth/figures-session.ts';
import { useWorkbench } from '../workbench-context.ts';
import { sampleClasses } from './class-map-strips.ts';
import { pictureOfSlide } from './slide-picture.ts';
import { pictureOfView } from './view-picture.ts';

/** Longest side of the thumbnails, pixels: 300 a inch at their size on paper. */
const thumbnailPx = 1000;

interface Pictures {
  /** Object URLs; null where the slide is too large to read whole. */
  readonly tissue: string | null;
  readonly classes: string | null;
  readonly view: string | null;
}

interface ReportContent {
  readonly slide: OpenSlide;
  readonly model: ModelEntry | null;
  readonly figures: Figures;
  readonly colours: readonly string[];
  readonly pictures: Pictures;
  readonly settings: readonly (readonly [string, string])[];
  readonly truth: string | null;
  readonly date: Date;
}

export function ReportDialog(): React.JSX.Element {
  const workbench = useWorkbench();
  const [content, setContent] = useState<ReportContent | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const urls: string[] = [];
    let current = true;
    gather(workbench, urls).then(
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
        <p className="hint">
          One page. To keep it as a file, choose “Save as PDF” where the printer is chosen.
        </p>
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
          {failed ? 'There is no layer to report on.' : 'Putting the report together…'}
        </p>
      ) : (
        <ReportPage content={content} />
      )}
    </Modal>
  );
}

function ReportPage({ content }: { readonly content: ReportContent }): React.JSX.Element {
  const { slide, model, figures, colours, pictures, settings, truth, date } = content;
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
        <Figure url={pictures.tissue} caption="The slide" />
        <Figure url={pictures.classes} caption={`With the classes of: ${figures.title}`} />
      </div>
      <ul className="report-legend">
        {figures.classes.map(({ name, background }, value) =>
          background ? null : (
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
              ['Format', [metadata.format, metadata.scanner].filter((part) => part !== null).join(', ')],
              ['Size', `${metadata.width} × ${metadata.height} pixels`],
              ['Resolution', mpp === null ? 'unknown' : `${formatMpp(mpp.x)} (${mpp.source})`],
              ['Fingerprint', metadata.fingerprint.slice(0, 16)],
            ]}
          />
          <h4>Settings</h4>
          <Rows rows={settings} />
          <h4>Figures of the whole slide</h4>
          <AreaTable figures={figures} />
          {figures.comparison !== null && <Metrics figures={figures} truth={truth} />}
        </section>
        <section>
          <h4>Model</h4>
          {model === null ? <p>{figures.title}</p> : <ModelCard model={model} />}
          <Figure url={pictures.view} caption="The view when the report was made" />
        </section>
      </div>
      <footer>
        Predicted by software for research. Not a medical device, not for diagnosis.
        {model?.manifest.provenance.synthetic === true &&
          ' The model has learnt from synthetic slides only: on real tissue its output means nothing.'}
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

function AreaTable({ figures }: { readonly figures: Figures }): React.JSX.Element {
  return (
    <>
      <table>
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col">Area</th>
            <th scope="col">Of segmented</th>
            <th scope="col">Of tissue</th>
          </tr>
        </thead>
        <tbody>
          {figures.classes.map(({ name, mm2, shareOfSegmented, shareOfTissue }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{mm2 === null ? '' : formatArea(mm2 * 1e6)}</td>
              <td>{formatShare(shareOfSegmented)}</td>
              <td>{shareOfTissue === null ? '' : formatShare(shareOfTissue)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {figures.segmentedMm2 !== null && (
        <p>
          {formatArea(figures.segmentedMm2 * 1e6)} segmented
          {figures.tissueMm2 === null
            ? '.'
            : `, ${formatArea(figures.tissueMm2 * 1e6)} of tissue on the slide.`}
        </p>
      )}
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
      <h4>Against the ground truth</h4>
      <Rows
        rows={[
          ['Truth', truth === null || truth === '' ? 'drawn on the slide' : truth],
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
        <strong>{manifest.title}</strong>. {manifest.description}
      </p>
      <Rows
        rows={[
          ['Id', manifest.id],
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
              ? 'nothing'
              : `mIoU ${formatFraction(metrics.miou)}, accuracy ${formatFraction(metrics.accuracy)}, on ${metrics.data}`,
          ],
          ['Licence', provenance.licence],
          ['Weights', `SHA-256 ${manifest.graph.weightsSha256.slice(0, 16)}`],
        ]}
      />
    </>
  );
}

/** @param urls takes the object URLs that were made, to be given back. @returns null without a layer. */
async function gather(workbench: Workbench, urls: string[]): Promise<ReportContent | null> {
  const state = workbench.store.getState();
  const pane = activePaneOf(state);
  const content = workbench.contentOf(pane.layer);
  const { slide } = state;
  if (slide.kind !== 'open' || content === null) return null;
  const figures = await workbench.exports.figures('slide');
  if (figures === null) return null;
  const colours = shownColours(content.classes, pane.overlay);
  const urlOf = async (canvas: HTMLCanvasElement | null): Promise<string | null> => {
    const blob = await new Promise<Blob | null>((resolve) =>
      canvas === null ? resolve(null) : canvas.toBlob(resolve, 'image/png'),
    );
    if (blob === null) return null;
    urls.push(URL.createObjectURL(blob));
    return urls.at(-1) ?? null;
  };
  const { metadata, slideId } = slide;
  const tissue = await pictureOfSlide(
    workbench.slides.client,
    slideId,
    metadata,
    tileColours(state),
    thumbnailPx,
  );
  const classes = document.createElement('canvas');
  const context = classes.getContext('2d');
  if (tissue !== null && context !== null) {
    const { width, height } = tissue;
    [classes.width, classes.height] = [width, height];
    const pixels = tissue.getContext('2d')?.getImageData(0, 0, width, height).data;
    const painted = paintPreview(
      { width, height, data: new Uint8ClampedArray(pixels ?? []) },
      { width, height, classes: sampleClasses(content.map, metadata, width, height) },
      {
        classes: content.classes.map((entry, value) => ({
          ...entry,
          colour: colours[value] ?? entry.colour,
        })),
      },
    );
    context.putImageData(new ImageData(painted.data, width, height), 0, 0);
  }
  return {
    slide,
    model: modelOf(state, pane.layer),
    figures,
    colours,
    pictures: {
      tissue: await urlOf(tissue),
      classes: await urlOf(tissue === null ? null : classes),
      view: await urlOf(pictureOfView(workbench)),
    },
    settings: settingsOf(state),
    truth: state.annotate.truth?.name ?? null,
    date: new Date(),
  };
}

function settingsOf({ preferences, backend }: AppState): [string, string][] {
  return [
    ['Overlap', `${Math.round(overlapOf(preferences.quality) * 100)} %`],
    ['Glass', preferences.skipGlass ? 'skipped' : 'segmented'],
    [
      'Backend',
      backend.kind === 'ready' ? `${backend.report.name}, ${backend.report.device}` : 'not started',
    ],
  ];
}

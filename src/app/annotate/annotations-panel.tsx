/** The Annotations panel: ground truth with its label mapping, and annotations drawn on the slide. */
import { TriangleAlert } from 'lucide-react';
import { boundsOfRings } from '../../base/polygon.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { formatArea, formatCount } from '../format.ts';
import { Choice } from '../panels/layer-section.tsx';
import { PanelSection } from '../panels/section.tsx';
import { annotateOf, currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { annotationArea } from './annotation.ts';
import type { Annotation } from './annotation.ts';
import type { TruthSummary } from './annotate-state.ts';
import { colourOfLabel } from './label-colours.ts';
import { useLabelClasses } from './use-label-classes.ts';

/** Longer lists are slow to render. */
const maxRows = 200;

export function AnnotationsPanel(): React.JSX.Element {
  return (
    <>
      <TruthSection />
      <DrawnSection />
    </>
  );
}

function TruthSection(): React.JSX.Element {
  const truth = useApp((state) => annotateOf(state).truth);
  return (
    <PanelSection title="Ground truth" testId="truth-section">
      <CommandButton id="truth.load" label="Load ground truth…" className="wide" />
      {truth === null ? (
        <p className="hint">
          QuPath, ImageScope, HALO, ASAP, NDP.view and more, masks, DICOM. Or drop the file on the page.
        </p>
      ) : (
        <TruthFacts truth={truth} />
      )}
    </PanelSection>
  );
}

function TruthFacts({ truth }: { readonly truth: TruthSummary }): React.JSX.Element {
  const ignored = truth.labels.filter(({ className }) => className === null);
  return (
    <>
      <p className="truth-name">{truth.source === 'file' ? truth.name : 'Annotations on this slide'}</p>
      <ul className="truth-labels" data-testid="truth-labels">
        {truth.labels.map(({ label, regions, className }) => (
          <li key={label}>
            <span>{label === '' ? 'No label' : label}</span>
            <span className="figure">
              {formatCount(regions)}{' '}
              {className === null
                ? 'ignored'
                : className.toLowerCase() === label.toLowerCase()
                  ? ''
                  : `→ ${className}`}
            </span>
          </li>
        ))}
      </ul>
      <p className="hint">
        {truth.done < 1 && `Painting: ${Math.round(truth.done * 100)} %. `}
        {ignored.length > 0 && 'Ignored regions take the class around them. '}
        {truth.outside === 'background'
          ? `Unannotated tissue counts as ${truth.classNames[0] ?? 'background'}.`
          : 'Unannotated tissue is not evaluated.'}
      </p>
      <div className="button-row" role="group" aria-label="Ground truth">
        <CommandButton id="truth.show" label="Show" className="small" icon={<></>} />
        <CommandButton id="truth.outline" label="Outlines" className="small" icon={<></>} />
        <CommandButton id="truth.labels" label="Map labels…" className="small" icon={<></>} />
        <CommandButton id="truth.remove" label="Remove" className="small" icon={<></>} />
      </div>
    </>
  );
}

function DrawnSection(): React.JSX.Element {
  const { store } = useWorkbench();
  const { annotations, label, selected: selectedId } = useApp((state) => annotateOf(state));
  const classes = useLabelClasses();
  const mpp = useApp((state) => currentMpp(state.slide));
  const selected = annotations.find(({ id }) => id === selectedId) ?? null;
  const setLabel = (next: string): void => {
    store.dispatch({ type: 'annotate', action: { kind: 'label', label: next } });
    if (selected === null) return;
    const change = (each: Annotation): Annotation => ({ ...each, label: next });
    store.dispatch({ type: 'annotate', action: { kind: 'change', id: selected.id, change } });
  };
  const shown = selected?.label ?? label;
  const isOther = shown !== '' && !classes.some(({ name }) => name === shown);
  return (
    <PanelSection title="Annotations" testId="annotations-section">
      <div className="button-row annotate-tools" role="group" aria-label="Tools">
        <CommandButton id="annotate.select" />
        <CommandButton id="annotate.rectangle" />
        <CommandButton id="annotate.polygon" />
        <CommandButton id="annotate.freehand" />
        <CommandButton id="annotate.undo" />
        <CommandButton id="annotate.redo" />
        <CommandButton id="annotate.delete" />
        <CommandButton id="annotate.visible" />
      </div>
      <Choice
        label="Class"
        value={shown}
        testId="annotation-class"
        onChange={setLabel}
        options={[
          ['', 'No label'],
          ...classes.map(({ name }) => [name, name] as const),
          ...(isOther ? [[shown, shown] as const] : []),
        ]}
      />
      {annotations.length > 0 && (
        <ul className="annotation-list" data-testid="annotation-list">
          {annotations.slice(0, maxRows).map((each) => (
            <Row
              key={each.id}
              annotation={each}
              colour={colourOfLabel(each.label, classes)}
              area={mpp === null ? null : annotationArea(each) * mpp.x * mpp.y}
              current={each.id === selectedId}
            />
          ))}
        </ul>
      )}
      {annotations.length > maxRows && (
        <p className="hint">{formatCount(annotations.length - maxRows)} more on the slide.</p>
      )}
      <SavingNote />
      <div className="button-row" role="group" aria-label="Annotations">
        <CommandButton id="annotate.import" label="Import…" className="small" icon={<></>} />
        <CommandButton id="export.annotations" label="Export" className="small" icon={<></>} />
        <CommandButton id="annotate.use-as-truth" label="Use as truth" className="small" icon={<></>} />
      </div>
    </PanelSection>
  );
}

/** Where annotations are saved; or that they are not, why, and what helps. */
function SavingNote(): React.JSX.Element {
  const saving = useApp((state) => annotateOf(state).saving);
  const isEmpty = useApp((state) => annotateOf(state).annotations.length === 0);
  if (saving.kind === 'saved') {
    return (
      <p className="hint">
        {isEmpty
          ? 'Draw with the tools above. Annotations are saved in this browser.'
          : 'Saved in this browser for this slide.'}
      </p>
    );
  }
  return (
    <div className="callout" data-testid="saving-note">
      <p>
        <TriangleAlert size={14} aria-hidden />
        <strong>{saving.kind === 'failing' ? 'Changes not saved' : 'Annotations not read'}</strong>
      </p>
      <p>
        {saving.reason}{' '}
        {saving.kind === 'failing'
          ? 'Dualscope keeps trying. Export before you close the page.'
          : 'Saved annotations are left as they are. New ones are not saved until these are read.'}
      </p>
      <div className="button-row">
        <CommandButton id="annotate.retry" label="Try again" className="small" icon={<></>} />
      </div>
    </div>
  );
}

interface RowProps {
  readonly annotation: Annotation;
  readonly colour: string;
  /** µm²; null if the resolution is unknown. */
  readonly area: number | null;
  readonly current: boolean;
}

function Row({ annotation, colour, area, current }: RowProps): React.JSX.Element {
  const workbench = useWorkbench();
  const { id, label, outer } = annotation;
  const show = (): void => {
    workbench.store.dispatch({ type: 'annotate', action: { kind: 'select', id } });
    const bounds = boundsOfRings([outer]);
    const middle = { x: bounds.x + bounds.width / 2, y: bounds.y + bounds.height / 2 };
    workbench.activeView()?.showSpot(bounds, middle);
  };
  return (
    <li>
      <button type="button" className="choice" aria-current={current} onClick={show}>
        <span className="annotation-row">
          <span className="annotation-mark" style={{ background: colour }} aria-hidden />
          <span>{label === '' ? 'No label' : label}</span>
          <span className="figure">{area === null ? '' : formatArea(area)}</span>
        </span>
      </button>
    </li>
  );
}

/** The Objects panel: connected pieces of the active layer, reviewed one by one. */
import { LayoutGrid, List } from 'lucide-react';
import { useState, useSyncExternalStore } from 'react';
import { correctionTitle } from '../../objects/correction.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { Keys } from '../frame/keys.tsx';
import { formatCount } from '../format.ts';
import { shownColours } from '../overlay/overlay-style.ts';
import { Choice } from '../panels/layer-section.tsx';
import { activePaneOf, currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { ObjectGallery, ObjectList } from './object-list.tsx';
import { sortings } from './object-words.ts';
import type { ObjectsState } from './objects-state.ts';
import { tip } from '../frame/tip.ts';

export function ObjectsPanel(): React.JSX.Element {
  const { objects } = useWorkbench();
  const state = useSyncExternalStore(objects.subscribe, objects.get);
  return (
    <div className="objects-panel" data-testid="objects-panel">
      <h2 className="panel-title">Objects</h2>
      {state === null ? <NoObjects /> : <Review state={state} />}
    </div>
  );
}

function NoObjects(): React.JSX.Element {
  const layer = useApp((state) => activePaneOf(state).layer.kind);
  return (
    <p className="hint">
      {layer === 'model' || layer === 'prediction'
        ? 'Nothing segmented yet. Segment an area, or drop a result of the command line on the page.'
        : 'Choose a model’s layer: its connected pieces are listed here.'}
    </p>
  );
}

function Review({ state }: { readonly state: ObjectsState }): React.JSX.Element {
  const { objects } = useWorkbench();
  const [isGallery, setGallery] = useState(false);
  const { counts, sorting, listed } = state;
  const value = sortings.findIndex(
    ({ by, descending }) => by === sorting.by && descending === sorting.descending,
  );
  return (
    <>
      <Counts state={state} />
      <Settings />
      <div className="object-order">
        <Choice
          label="Order"
          wide
          value={String(value)}
          testId="object-order"
          options={sortings.map(({ title }, at) => [String(at), title] as const)}
          onChange={(at) => {
            const chosen = sortings[Number(at)];
            if (chosen !== undefined) objects.sort({ by: chosen.by, descending: chosen.descending });
          }}
        />
        <div className="segmented" role="group" aria-label="View">
          <button
            type="button"
            className="button icon-button"
            aria-label="List"
            aria-pressed={!isGallery}
            onClick={() => setGallery(false)}
          >
            <List size={15} aria-hidden />
          </button>
          <button
            type="button"
            className="button icon-button"
            aria-label="Gallery"
            aria-pressed={isGallery}
            data-testid="object-gallery-button"
            onClick={() => setGallery(true)}
          >
            <LayoutGrid size={15} aria-hidden />
          </button>
        </div>
      </div>
      {listed.length === 0 ? (
        <p className="hint">No object of this size. Lower the smallest area.</p>
      ) : isGallery ? (
        <ObjectGallery state={state} />
      ) : (
        <ObjectList state={state} />
      )}
      {counts.total > 0 && <Actions state={state} />}
    </>
  );
}

function Counts({ state }: { readonly state: ObjectsState }): React.JSX.Element {
  const { objects } = useWorkbench();
  const { counts, corrected, source } = state;
  const { total, accepted, relabelled, rejected, left } = counts;
  const { unmatched } = corrected;
  return (
    <>
      <p className="object-layer">{source.content.title}</p>
      <p data-testid="object-counts" role="status">
        <strong>{formatCount(total)}</strong> {total === 1 ? 'object' : 'objects'} · {formatCount(left)} left
      </p>
      <p className="hint" data-testid="review-counts">
        {formatCount(accepted)} accepted · {formatCount(relabelled)} relabelled · {formatCount(rejected)}{' '}
        rejected
      </p>
      {unmatched.length > 0 && (
        <div className="callout" data-testid="unmatched-corrections">
          <p>
            {unmatched.length === 1
              ? '1 correction fits'
              : `${formatCount(unmatched.length)} corrections fit`}{' '}
            no object of this map: {unmatched.slice(0, 3).map(correctionTitle).join('; ')}
            {unmatched.length > 3 ? ' …' : '.'} Kept, not applied.
          </p>
          <button type="button" className="button small" onClick={() => objects.dropUnmatched()}>
            Delete them
          </button>
        </div>
      )}
    </>
  );
}

function Settings(): React.JSX.Element {
  const { store } = useWorkbench();
  const { objectKind, smallestObject, objectMajority } = useApp((state) => state.preferences);
  const hasMpp = useApp((state) => currentMpp(state.slide) !== null);
  return (
    <>
      <Choice
        label="Object"
        value={objectKind}
        testId="object-kind"
        options={[
          ['foreground', 'Classes together'],
          ['class', 'Each class'],
        ]}
        onChange={(kind) =>
          store.dispatch({
            type: 'preferences',
            change: { objectKind: kind === 'class' ? 'class' : 'foreground' },
          })
        }
      />
      <label
        className="check"
        title="The layer shows, measures and exports each object in its class; rejected ones are background."
      >
        <input
          type="checkbox"
          checked={objectMajority}
          data-testid="object-majority"
          onChange={({ target }) =>
            store.dispatch({ type: 'preferences', change: { objectMajority: target.checked } })
          }
        />
        One class per object
      </label>
      <div className="field">
        <label htmlFor="smallest-object">Min. {hasMpp ? 'µm²' : 'px²'}</label>
        <input
          id="smallest-object"
          type="number"
          min={0}
          step={100}
          value={smallestObject}
          data-testid="smallest-object"
          onChange={(event) => {
            const smallest = event.target.valueAsNumber;
            if (smallest >= 0 && smallest <= 1e9) {
              store.dispatch({ type: 'preferences', change: { smallestObject: smallest } });
            }
          }}
        />
      </div>
    </>
  );
}

function Actions({ state }: { readonly state: ObjectsState }): React.JSX.Element {
  const { objects } = useWorkbench();
  const overlay = useApp((app) => activePaneOf(app).overlay);
  const { classes } = state.source.content;
  const colours = shownColours(classes, overlay);
  const { selected, marked } = state;
  const merging = [...marked].filter((key) => key !== selected).length + (selected === null ? 0 : 1);
  return (
    <div className="object-actions">
      <div className="button-row" role="group" aria-label="Review">
        <CommandButton id="objects.accept" label="Accept" className="small" icon={<></>} keys />
        <CommandButton id="objects.reject" label="Reject" className="small" icon={<></>} keys />
        <CommandButton id="objects.previous" className="small" />
        <CommandButton id="objects.next" className="small" />
      </div>
      <div className="button-row" role="group" aria-label="Relabel">
        {classes.map(({ name, background }, value) => {
          const number = classes.slice(0, value + 1).filter((entry) => !entry.background).length;
          return background ? null : (
            <button
              key={name}
              type="button"
              className="button small"
              disabled={selected === null}
              {...tip(`Relabel as ${name}`)}
              onClick={() => objects.review('accepted', name)}
            >
              <span className="annotation-mark" style={{ background: colours[value] }} aria-hidden />
              {name}
              {number <= 9 && <Keys shortcut={String(number)} />}
            </button>
          );
        })}
      </div>
      <div className="button-row" role="group" aria-label="Shape">
        <CommandButton id="objects.mark" className="small" />
        <CommandButton
          id="objects.merge"
          label={merging >= 2 ? `Merge ${merging}` : 'Merge'}
          className="small"
          icon={<></>}
        />
        <CommandButton id="objects.split" label="Split" className="small" icon={<></>} />
        <CommandButton id="objects.undo" className="small" />
        <CommandButton id="objects.redo" className="small" />
      </div>
      <div className="button-row" role="group" aria-label="Export objects">
        <CommandButton id="export.objects-geojson" label="GeoJSON" className="small" />
        <CommandButton id="export.objects-csv" label="CSV" className="small" />
      </div>
    </div>
  );
}

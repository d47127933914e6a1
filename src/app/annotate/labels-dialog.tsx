/** Maps labels of the ground truth to classes of the model. */
import { useState } from 'react';
import { Modal } from '../dialogs/modal.tsx';
import { formatCount } from '../format.ts';
import { annotateOf } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import type { TruthSummary } from './annotate-state.ts';

export function LabelsDialog(): React.JSX.Element | null {
  const truth = useApp((state) => annotateOf(state).truth);
  return truth === null ? null : <Labels truth={truth} />;
}

function Labels({ truth }: { readonly truth: TruthSummary }): React.JSX.Element {
  const { store, annotations } = useWorkbench();
  const [labels, setLabels] = useState(truth.labels);
  const [outside, setOutside] = useState(truth.outside);
  const close = (): void => store.dispatch({ type: 'dialog', dialog: null });
  const submit = (event: React.FormEvent): void => {
    event.preventDefault();
    annotations.setLabels(labels, outside);
    close();
  };
  const set = (label: string, className: string | null): void =>
    setLabels(labels.map((each) => (each.label === label ? { ...each, className } : each)));
  return (
    <Modal title="Map labels to classes" className="labels-dialog" testId="labels-dialog">
      <form onSubmit={submit}>
        <p>
          Choose a class for each label of {truth.source === 'file' ? truth.name : 'the annotations'}. The
          mapping is saved for the next file.
        </p>
        <table>
          <thead>
            <tr>
              <th scope="col">Label</th>
              <th scope="col">Regions</th>
              <th scope="col">Class</th>
            </tr>
          </thead>
          <tbody>
            {labels.map(({ label, regions, className }) => (
              <tr key={label}>
                <th scope="row">{label === '' ? 'No label' : label}</th>
                <td className="figure">{formatCount(regions)}</td>
                <td>
                  <select
                    aria-label={`Class for ${label === '' ? 'regions without a label' : label}`}
                    value={className ?? ''}
                    data-testid={`label-class-${label}`}
                    onChange={({ target }) => set(label, target.value === '' ? null : target.value)}
                  >
                    <option value="">Ignore</option>
                    {truth.classNames.map((name) => (
                      <option key={name} value={name}>
                        {name}
                      </option>
                    ))}
                  </select>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <label className="check">
          <input
            type="checkbox"
            checked={outside === 'not-counted'}
            data-testid="truth-outside"
            onChange={({ target }) => setOutside(target.checked ? 'not-counted' : 'background')}
          />
          Evaluate annotated regions only. Otherwise, unannotated tissue counts as{' '}
          {truth.classNames[0] ?? 'background'}.
        </label>
        <div className="modal-actions">
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" className="button primary" data-testid="labels-submit">
            Save
          </button>
        </div>
      </form>
    </Modal>
  );
}

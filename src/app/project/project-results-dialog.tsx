/** Results of all slides of the project as one table, to sort and to take out as CSV. */
import { ArrowDown, ArrowUp, TriangleAlert } from 'lucide-react';
import { useMemo, useState } from 'react';
import { classOf, modelsWithResults, resultTable, sortRows } from '../../project/results-table.ts';
import type { ResultRow, TableColumn } from '../../project/results-table.ts';
import { stateTitles } from '../../project/slide-list.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { Modal } from '../dialogs/modal.tsx';
import { formatCount, formatFraction, formatShare } from '../format.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { tip } from '../frame/tip.ts';

interface Column {
  readonly id: TableColumn;
  readonly title: string;
  readonly isFigure: boolean;
  readonly cell: (row: ResultRow) => React.ReactNode;
}

export function ProjectResultsDialog(): React.JSX.Element | null {
  const { store, project: session } = useWorkbench();
  const project = useApp((state) => state.project);
  const [modelId, setModelId] = useState<string | null>(null);
  const [sorted, setSorted] = useState<{ column: TableColumn; descending: boolean } | null>(null);
  const slides = project?.slides;
  const running = project?.running ?? null;
  const table = useMemo(() => resultTable(slides ?? [], running, modelId), [slides, running, modelId]);
  const models = useMemo(() => modelsWithResults(slides ?? []), [slides]);
  const columns = useMemo(
    () => columnsOf(table.classes, models.size > 1, table.hasDisagreement),
    [table, models],
  );
  const rows = useMemo(
    () => (sorted === null ? table.rows : sortRows(table.rows, sorted.column, sorted.descending)),
    [table, sorted],
  );
  if (project === null) return null;
  const sort = (column: TableColumn): void =>
    setSorted((known) =>
      known?.column === column ? { column, descending: !known.descending } : { column, descending: false },
    );
  const open = (id: string): void => {
    store.dispatch({ type: 'dialog', dialog: null });
    void session.open(id);
  };
  const withResult = rows.filter(({ result }) => result !== null).length;
  return (
    <Modal title={`Results: ${project.title}`} className="results-dialog" testId="project-results">
      <div className="results-bar">
        {models.size > 1 && (
          <select
            aria-label="Model"
            value={modelId ?? ''}
            onChange={(event) => setModelId(event.target.value === '' ? null : event.target.value)}
          >
            <option value="">All models</option>
            {[...models].map(([id, title]) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        )}
        <span className="hint">
          {formatCount(withResult)} of {formatCount(rows.length)} segmented
          {models.size === 1 && ` by ${[...models.values()].join('')}`}. Areas in mm². Research use only.
        </span>
        <span className="spacer" />
        <CommandButton id="project.csv" label="Save CSV" className="outlined" />
      </div>
      <div className="results-scroll" tabIndex={0} role="region" aria-label="Results table">
        <table className="results-table" data-testid="results-table">
          <thead>
            <tr>
              {columns.map(({ id, title, isFigure }) => {
                const direction =
                  sorted?.column !== id ? 'none' : sorted.descending ? 'descending' : 'ascending';
                const Arrow = direction === 'descending' ? ArrowDown : ArrowUp;
                return (
                  <th key={id} scope="col" aria-sort={direction} className={isFigure ? 'figure' : undefined}>
                    <button
                      type="button"
                      onClick={() => sort(id)}
                      {...(id === 'slide' && { 'data-initial-focus': true })}
                    >
                      {title}
                      {direction !== 'none' && <Arrow size={12} aria-hidden />}
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.slide.id} ${row.modelId}`}>
                {columns.map(({ id, isFigure, cell }) =>
                  id === 'slide' ? (
                    <th key={id} scope="row">
                      <button type="button" {...tip(row.slide.path)} onClick={() => open(row.slide.id)}>
                        {row.slide.name}
                      </button>
                    </th>
                  ) : (
                    <td key={id} className={isFigure ? 'figure' : undefined}>
                      {cell(row)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Modal>
  );
}

function columnsOf(
  classes: readonly string[],
  hasModels: boolean,
  hasDisagreement: boolean,
): readonly Column[] {
  const column = (id: TableColumn, title: string, isFigure: boolean, cell: Column['cell']): Column => ({
    id,
    title,
    isFigure,
    cell,
  });
  return [
    column('slide', 'Slide', false, ({ slide }) => slide.name),
    column('case', 'Case', false, ({ slide }) => slide.caseNumber),
    column('state', 'State', false, (row) => <State {...row} />),
    ...(hasModels ? [column('model', 'Model', false, ({ result }) => result?.title ?? '')] : []),
    column('tissue', 'Tissue', true, ({ result }) => mm2Text(result?.segmentedMm2)),
    ...classes.map((name) =>
      column(`class:${name}`, name, true, ({ result }) => {
        const own = classOf(result, name);
        if (own === null) return '';
        return (
          <>
            {mm2Text(own.mm2)} <span className="share">{formatShare(own.shareOfTissue)}</span>
          </>
        );
      }),
    ),
    column('confidence', 'Confidence', true, ({ result }) =>
      result?.confidence == null ? '' : formatFraction(result.confidence),
    ),
    ...(hasDisagreement
      ? [
          column('disagreement', 'Disagreement', true, ({ slide }) =>
            slide.disagreement === null ? '' : formatShare(slide.disagreement),
          ),
        ]
      : []),
  ];
}

function State({ slide, state, result }: ResultRow): React.JSX.Element {
  const problem = slide.failure?.problem ?? result?.warning ?? null;
  return (
    <span {...(problem !== null && tip(problem))}>
      {stateTitles[state]}
      {problem !== null && (
        <>
          {' '}
          <TriangleAlert size={12} className="warning-text" aria-label={problem} />
        </>
      )}
    </span>
  );
}

/** Without the unit, which stands above the table. */
function mm2Text(mm2: number | null | undefined): string {
  if (mm2 == null) return '';
  if (mm2 === 0) return '0';
  return mm2 >= 100 ? mm2.toFixed(0) : mm2 >= 10 ? mm2.toFixed(1) : mm2.toFixed(2);
}

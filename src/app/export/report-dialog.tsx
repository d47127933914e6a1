/** The report, shown before it is printed by the browser. */
import { useEffect, useState } from 'react';
import { Modal } from '../dialogs/modal.tsx';
import { logEntry, reportOf } from '../session/error-log.ts';
import { isAbort } from '../../base/abort.ts';
import { useWorkbench } from '../workbench-context.ts';
import { gatherReport } from './report-content.ts';
import type { ReportContent } from './report-content.ts';
import { ReportPage } from './report-page.tsx';

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

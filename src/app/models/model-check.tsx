/** "Check this model": its golden test tensors on the current backend, and what came out. */
import { ListChecks } from 'lucide-react';
import { formatCount } from '../format.ts';
import type { ModelCheck, ModelEntry } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';

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
        title="Run the model's test tensors on this backend"
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
  const { passed, pixels, differing, largest, required } = check.result;
  const compared = `${formatCount(differing)} of ${formatCount(pixels)} test pixels differ`;
  const by = differing === 0 ? '' : `, with confidence up to ${largest.toFixed(2)}`;
  return passed
    ? `Passed: ${compared}${by}.`
    : `Failed: ${compared}${by}; at most ${formatCount(Math.floor((1 - required) * pixels))} allowed. Do not trust results on this backend.`;
}

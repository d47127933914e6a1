/** Thresholds of weak, moderate and strong stain, over the histogram of what was measured last. */
import { useState } from 'react';
import { binWidth } from '../../worker/stain-client.ts';
import type { Thresholds } from '../../stain/h-score.ts';
import { useWorkbench } from '../workbench-context.ts';
import { useStains } from './use-stains.ts';

const grades = ['Weak', 'Moderate', 'Strong'] as const;

export function StainThresholds(): React.JSX.Element {
  const { stains } = useWorkbench();
  const thresholds = useStains((state) => state.thresholds);
  const rows = useStains((state) => state.rows);
  const [typed, setTyped] = useState<readonly [number, string] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const last = rows.at(-1);
  return (
    <div role="group" aria-label="Thresholds, optical density">
      {last !== undefined && <Histogram counts={last.histogram.counts} thresholds={thresholds} />}
      <div className="stain-thresholds">
        {grades.map((grade, i) => (
          <label key={grade} className="stain-threshold">
            {grade} ≥
            <input
              type="number"
              min={binWidth}
              max={2.99}
              step={0.05}
              aria-label={`${grade} from optical density`}
              aria-invalid={problem !== null && typed?.[0] === i}
              data-testid={`threshold-${grade.toLowerCase()}`}
              value={typed?.[0] === i ? typed[1] : thresholds[i]}
              onChange={({ target }) => {
                setTyped([i, target.value]);
                setProblem(
                  stains.setThresholds(
                    thresholds.map((value, at) => (at === i ? target.valueAsNumber : value)),
                  ),
                );
              }}
              onBlur={() => {
                setTyped(null);
                setProblem(null);
              }}
            />
          </label>
        ))}
      </div>
      {problem !== null && (
        <p className="warning-text" role="alert">
          Thresholds rise from {binWidth} to 2.99.
        </p>
      )}
    </div>
  );
}

const size = { width: 280, height: 48 } as const;
/** Bins that are drawn: up to an optical density of 1.5, beyond which there is little. */
const drawn = 150;

interface HistogramProps {
  readonly counts: Float64Array;
  readonly thresholds: Thresholds;
}

/** Pixels by optical density; heights are square roots. What has no stain at all is cut off: it would dwarf the rest. */
function Histogram({ counts, thresholds }: HistogramProps): React.JSX.Element {
  const shown = counts.subarray(0, drawn);
  const tallest = Math.sqrt(Math.max(1, ...shown.subarray(1)));
  const step = size.width / drawn;
  const path = Array.from(shown, (count, i) => {
    const top = size.height * (1 - Math.min(1, Math.sqrt(count) / tallest));
    return `M${(i * step).toFixed(1)} ${size.height}V${top.toFixed(1)}H${((i + 1) * step).toFixed(1)}V${size.height}Z`;
  }).join('');
  return (
    <svg
      className="histogram"
      viewBox={`0 0 ${size.width} ${size.height}`}
      preserveAspectRatio="none"
      aria-hidden
      data-testid="stain-histogram"
    >
      <path className="histogram-inside" d={path} />
      {thresholds.map((value) => (
        <line
          key={value}
          className="stain-edge"
          x1={(value / binWidth) * step}
          x2={(value / binWidth) * step}
          y1={0}
          y2={size.height}
        />
      ))}
    </svg>
  );
}

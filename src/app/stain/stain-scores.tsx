/** Positive share and H-score of what was measured. */
import { scoreOf } from '../../worker/stain-client.ts';
import type { StainRow } from './stain-state.ts';
import { useStains } from './use-stains.ts';

export function StainScores(): React.JSX.Element | null {
  const rows = useStains((state) => state.rows);
  if (rows.length === 0) return null;
  return (
    <table className="stain-scores" data-testid="stain-scores">
      <thead>
        <tr>
          <th scope="col">Area</th>
          <th scope="col">Positive</th>
          <th scope="col">H-score</th>
          <th scope="col">µm/px</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Score key={row.scope} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function Score({ row }: { readonly row: StainRow }): React.JSX.Element {
  const thresholds = useStains((state) => state.thresholds);
  const score = scoreOf(row.histogram, thresholds);
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const notes = [
    ...(row.glassLeftOut ? [] : ['Glass counts: tissue unknown.']),
    ...(row.broken === 0 ? [] : [`${row.broken} parts can’t be read and are left out.`]),
  ];
  if (score === null) {
    return (
      <tr>
        <th scope="row">{row.title}</th>
        <td colSpan={3}>No tissue</td>
      </tr>
    );
  }
  const { positive, weak, moderate, strong, hScore } = score;
  return (
    <>
      <tr data-testid={`stain-score-${row.scope}`}>
        <th scope="row">{row.title}</th>
        <td className="figure">{percent(positive)}</td>
        <td className="figure">{hScore.toFixed(0)}</td>
        <td className="figure">{Number(row.umPerPx.toFixed(2))}</td>
      </tr>
      <tr className="stain-detail">
        <td colSpan={4}>
          Weak {percent(weak)}, moderate {percent(moderate)}, strong {percent(strong)}
          {notes.length > 0 && <span className="warning-text"> {notes.join(' ')}</span>}
        </td>
      </tr>
    </>
  );
}

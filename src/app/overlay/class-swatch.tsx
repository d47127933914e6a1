/** Sample of a class's overlay style: colour, hatch, outline. */
import { useId } from 'react';
import { hatchMarks } from './hatch.ts';
import type { HatchKind } from './hatch.ts';

export interface ClassSwatchProps {
  /** null if the class is not drawn. */
  readonly colour: string | null;
  readonly hatch: HatchKind | null;
  /** Defaults to `colour`. */
  readonly hatchColour?: string;
}

const period = 8;

export function ClassSwatch({
  colour,
  hatch,
  hatchColour = colour ?? undefined,
}: ClassSwatchProps): React.JSX.Element {
  const id = useId();
  const marks = hatch === null ? null : hatchMarks[hatch];
  return (
    <svg className="swatch" width={22} height={14} aria-hidden>
      {marks !== null && colour !== null && (
        <defs>
          <pattern id={id} width={period} height={period} patternUnits="userSpaceOnUse">
            {marks.lines.map(([x1, y1, x2, y2]) => (
              <line
                key={`${x1},${y1},${x2},${y2}`}
                x1={x1 * period}
                y1={y1 * period}
                x2={x2 * period}
                y2={y2 * period}
                stroke={hatchColour}
                strokeWidth={1.2}
              />
            ))}
            {marks.dots.map(([x, y]) => (
              <circle key={`${x},${y}`} cx={x * period} cy={y * period} r={1.2} fill={hatchColour} />
            ))}
          </pattern>
        </defs>
      )}
      <rect className="swatch-ground" x={0.5} y={0.5} width={21} height={13} rx={2} />
      {colour !== null && (
        <>
          <rect
            x={1.5}
            y={1.5}
            width={19}
            height={11}
            fill={colour}
            fillOpacity={0.4}
            stroke={colour}
            strokeWidth={2}
          />
          {marks !== null && <rect x={2} y={2} width={18} height={10} fill={`url(#${id})`} />}
        </>
      )}
    </svg>
  );
}

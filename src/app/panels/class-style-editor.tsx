/** How one class is drawn: colour, fill, outline, hatch. */
import { RotateCcw } from 'lucide-react';
import { plainClass } from '../state/panes.ts';
import type { ClassStyle } from '../state/state.ts';
import { useWorkbench } from '../workbench-context.ts';

export interface ClassStyleEditorProps {
  readonly name: string;
  /** The colour in use, `#rrggbb`. */
  readonly colour: string;
  readonly style: ClassStyle | undefined;
}

const parts = [
  ['fill', 'Fill'],
  ['outline', 'Outline'],
  ['hatch', 'Hatch'],
] as const;

export function ClassStyleEditor({
  name,
  colour,
  style = plainClass,
}: ClassStyleEditorProps): React.JSX.Element {
  const { store } = useWorkbench();
  const change = (next: Partial<ClassStyle>): void =>
    store.dispatch({ type: 'class-style', name, change: next });
  return (
    <div className="class-style" role="group" aria-label={`Style: ${name}`} data-testid={`style-${name}`}>
      <input
        type="color"
        aria-label={`Colour of ${name}`}
        title="Colour"
        value={colour.toLowerCase()}
        onChange={(event) => change({ colour: event.target.value })}
      />
      {parts.map(([part, title]) => (
        <label className="check" key={part}>
          <input
            type="checkbox"
            checked={style[part]}
            onChange={(event) => change({ [part]: event.target.checked })}
          />
          {title}
        </label>
      ))}
      <button
        type="button"
        className="button icon-button"
        aria-label={`Reset ${name} to the palette`}
        title="Reset to the palette"
        disabled={Object.entries(plainClass).every(
          ([key, value]) => style[key as keyof ClassStyle] === value,
        )}
        onClick={() => change(plainClass)}
      >
        <RotateCcw size={14} aria-hidden />
      </button>
    </div>
  );
}

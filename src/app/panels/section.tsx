/** A titled, collapsible section of a panel. */
import { ChevronDown, ChevronRight } from 'lucide-react';
import { useId } from 'react';
import { useApp, useWorkbench } from '../workbench-context.ts';

export interface PanelSectionProps {
  readonly title: string;
  readonly children: React.ReactNode;
  readonly testId?: string;
}

export function PanelSection({ title, children, testId }: PanelSectionProps): React.JSX.Element {
  const { store } = useWorkbench();
  const folded = useApp((state) => state.preferences.foldedSections.includes(title));
  const id = useId();
  const Icon = folded ? ChevronRight : ChevronDown;
  const toggle = (): void => {
    const others = store.getState().preferences.foldedSections.filter((other) => other !== title);
    const foldedSections = folded ? others : [...others, title];
    store.dispatch({ type: 'preferences', change: { foldedSections } });
  };
  return (
    <section className="section" aria-labelledby={id} data-testid={testId}>
      <h2 id={id}>
        <button type="button" className="section-toggle" aria-expanded={!folded} onClick={toggle}>
          {title}
          <Icon size={13} aria-hidden />
        </button>
      </h2>
      {!folded && children}
    </section>
  );
}

/** Rows of name and value. */
export function FactList({
  rows,
}: {
  readonly rows: readonly (readonly [string, React.ReactNode])[];
}): React.JSX.Element {
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

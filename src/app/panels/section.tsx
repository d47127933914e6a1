/** A titled part of a panel. */
import { useId } from 'react';

export interface SectionProps {
  readonly title: string;
  readonly children: React.ReactNode;
  readonly testId?: string;
}

export function Section({ title, children, testId }: SectionProps): React.JSX.Element {
  const id = useId();
  return (
    <section className="section" aria-labelledby={id} data-testid={testId}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** Rows of name and value. */
export function Facts({
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

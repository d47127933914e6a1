/** Says of a pane that it shows one stain, and not the slide. */
import { namesOf, useStains } from './use-stains.ts';

export function StainLabel({ paneId }: { readonly paneId: string }): React.JSX.Element | null {
  const shown = useStains(({ shown: all }) => all[paneId]);
  const isShown = useStains(({ looks }) => looks[paneId] !== undefined);
  const title = useStains((state) => (shown === undefined ? null : namesOf(state)[shown]));
  if (!isShown || title === null) return null;
  return (
    <div className="stain-label" data-testid={`stain-label-${paneId}`}>
      {title} only
    </div>
  );
}

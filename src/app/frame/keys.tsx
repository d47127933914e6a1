/** The keys of a shortcut, as they stand on the keyboard. */
import { isMac, keycaps } from '../commands/shortcuts.ts';

/** @param shortcut as in a command, such as `Ctrl+K` */
export function Keys({ shortcut }: { readonly shortcut: string }): React.JSX.Element {
  return (
    <span className="keys">
      {keycaps(shortcut, isMac).map((cap) => (
        <kbd key={cap}>{cap}</kbd>
      ))}
    </span>
  );
}

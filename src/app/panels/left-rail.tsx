/** The rail at the left: opens Slides, Annotations, Bookmarks and Models. */
import { Bookmark as BookmarkIcon, Boxes, Images, PenLine } from 'lucide-react';
import { CommandButton } from '../commands/command-button.tsx';

export function LeftRail(): React.JSX.Element {
  return (
    <nav className="left-rail" aria-label="Panels">
      <CommandButton id="panel.slides" icon={<Images size={18} strokeWidth={1.75} aria-hidden />} />
      <CommandButton id="panel.annotations" icon={<PenLine size={18} strokeWidth={1.75} aria-hidden />} />
      <CommandButton id="panel.bookmarks" icon={<BookmarkIcon size={18} strokeWidth={1.75} aria-hidden />} />
      <CommandButton id="panel.models" icon={<Boxes size={18} strokeWidth={1.75} aria-hidden />} />
    </nav>
  );
}

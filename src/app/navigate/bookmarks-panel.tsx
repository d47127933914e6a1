/** The Bookmarks panel of the open slide. */
import { Trash2 } from 'lucide-react';
import { tip } from '../frame/tip.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { PanelSection } from '../panels/section.tsx';
import { currentMpp } from '../state/state.ts';
import { formatMagnification } from '../viewer/view-scale.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { deleteBookmark } from '../undo/removals.ts';
import type { Bookmark } from './bookmarks.ts';

export function BookmarksPanel(): React.JSX.Element {
  const bookmarks = useApp((state) => state.slide?.bookmarks) ?? [];
  return (
    <PanelSection title="Bookmarks" testId="bookmarks">
      <CommandButton id="view.bookmark" label="Bookmark this view" className="wide" />
      <p className="hint">Saved in this browser for this slide.</p>
      <ul className="choices">
        {bookmarks.map((bookmark, index) => (
          <BookmarkItem key={bookmark.id} bookmark={bookmark} number={index + 1} />
        ))}
      </ul>
    </PanelSection>
  );
}

function BookmarkItem({
  bookmark,
  number,
}: {
  readonly bookmark: Bookmark;
  readonly number: number;
}): React.JSX.Element {
  const workbench = useWorkbench();
  const { navigation } = workbench;
  const mpp = useApp((state) => currentMpp(state.slide));
  const { id, note, view } = bookmark;
  return (
    <li className="bookmark">
      <button
        type="button"
        className="choice"
        data-testid={`bookmark-${number}`}
        onClick={() => navigation.goTo(view)}
      >
        <span className="choice-title">{note === '' ? `Bookmark ${number}` : note}</span>
        <span className="choice-detail">
          {formatMagnification(view.scale, mpp?.x ?? null)} at {Math.round(view.x)}, {Math.round(view.y)} px
        </span>
      </button>
      <div className="bookmark-edit">
        <input
          type="text"
          className="bookmark-note"
          placeholder="Note"
          aria-label={`Note for bookmark ${number}`}
          data-testid={`bookmark-note-${number}`}
          value={note}
          onChange={(event) => navigation.setNote(id, event.target.value)}
        />
        <button
          type="button"
          className="button icon-button"
          aria-label={`Delete bookmark ${number}`}
          {...tip('Delete bookmark')}
          onClick={() => deleteBookmark(workbench, id, number)}
        >
          <Trash2 size={14} aria-hidden />
        </button>
      </div>
    </li>
  );
}

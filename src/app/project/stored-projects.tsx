/** Projects of this browser on the start page. */
import { FolderTree } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useApp, useWorkbench } from '../workbench-context.ts';
import type { ProjectHead } from './project-table.ts';

/** Projects that are listed. */
const most = 6;

const dateFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

export function StoredProjects(): React.JSX.Element | null {
  const { project } = useWorkbench();
  const openId = useApp((state) => state.project?.id);
  const [heads, setHeads] = useState<readonly ProjectHead[]>([]);
  useEffect(() => {
    let current = true;
    void project.stored().then((stored) => {
      if (current) setHeads(stored.filter(({ id }) => id !== openId).slice(0, most));
    });
    return () => {
      current = false;
    };
  }, [project, openId]);
  if (heads.length === 0) return null;
  return (
    <>
      <h2>Projects</h2>
      <ul className="choices stored-projects" data-testid="stored-projects">
        {heads.map(({ id, title, opened }) => (
          <li key={id}>
            <button type="button" className="choice" onClick={() => void project.openStored(id)}>
              <span className="choice-title">
                <FolderTree size={14} aria-hidden />
                {title}
              </span>
              <span className="choice-detail">Opened {dateFormat.format(opened)}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

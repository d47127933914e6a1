/** Opens files dropped anywhere on the page. */
import { useEffect, useState } from 'react';
import { droppedFiles } from '../session/chosen-files.ts';
import { droppedFolder } from '../project/folder-access.ts';
import { rememberDropped } from '../session/file-handles.ts';
import { openFiles } from '../session/user-files.ts';
import { useWorkbench } from '../workbench-context.ts';

export function DropTarget(): React.JSX.Element | null {
  const workbench = useWorkbench();
  const [over, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
    const onDragOver = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onDragLeave = (event: DragEvent): void => {
      // The related target is null only when the pointer leaves the page.
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent): void => {
      setOver(false);
      if (!hasFiles(event)) return;
      event.preventDefault();
      rememberDropped(event.dataTransfer);
      // Both within the event: afterwards the browser forgets what was dropped.
      const folder = droppedFolder(event.dataTransfer);
      void openFiles(workbench, droppedFiles(event.dataTransfer), folder);
    };
    window.addEventListener('dragover', onDragOver);
    window.addEventListener('dragleave', onDragLeave);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragover', onDragOver);
      window.removeEventListener('dragleave', onDragLeave);
      window.removeEventListener('drop', onDrop);
    };
  }, [workbench]);
  return over ? <div className="drop-target">Drop to open</div> : null;
}

/** Says which models need the network, and offers to keep them. */
import { CloudDownload } from 'lucide-react';
import { useEffect, useState } from 'react';
import { formatBytes } from '../format.ts';
import { keepModels, modelsNotKept, offlineBrowser } from './kept-models.ts';
import type { NotKept } from './kept-models.ts';
import { useApp } from '../workbench-context.ts';

export function OfflineNote(): React.JSX.Element | null {
  const entries = useApp((state) => state.models);
  const [missing, setMissing] = useState<NotKept | null>(null);
  /** Files kept so far; null while none are being kept. */
  const [done, setDone] = useState<number | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let current = true;
    void modelsNotKept(offlineBrowser()).then((found) => {
      if (current) setMissing(found);
    });
    return () => {
      current = false;
    };
  }, []);
  if (missing === null) return null;
  const { models, files, bytes } = missing;
  const titles = models.map((id) => entries?.find((entry) => entry.id === id)?.manifest.title ?? id);
  const keep = (): void => {
    setDone(0);
    setFailed(false);
    void keepModels(offlineBrowser(), missing, setDone).then(async (isKept) => {
      setFailed(!isKept);
      setDone(null);
      setMissing(await modelsNotKept(offlineBrowser()));
    });
  };
  return (
    <div className="offline-note" data-testid="offline-note">
      <p className="hint">
        {models.length === 1 ? 'Needs' : 'Need'} the network: {titles.join('; ')}. Others work offline.
      </p>
      {failed && (
        <p className="hint warning-text" role="alert">
          Not all were kept: the network failed, or the browser is out of space.
        </p>
      )}
      <button type="button" className="button wide" disabled={done !== null} onClick={keep}>
        <CloudDownload size={16} strokeWidth={1.75} aria-hidden />
        {done === null
          ? `Keep for offline use (${formatBytes(bytes)})`
          : `Keeping file ${Math.min(done + 1, files.length)} of ${files.length}…`}
      </button>
    </div>
  );
}

/** Start page, shown while no slide is open. */
import { FolderOpen } from 'lucide-react';
import { CommandButton } from '../commands/command-button.tsx';
import { useApp } from '../workbench-context.ts';
import { DemoList } from './slides-panel.tsx';

export function StartPage(): React.JSX.Element {
  const demos = useApp((state) => state.demos);
  return (
    <div className="start-page" data-testid="start-page">
      <div className="start-column">
        <div className="drop-area">
          <p>Drop a slide here</p>
          <CommandButton
            id="slide.open"
            label="Open slide…"
            className="primary"
            icon={<FolderOpen size={16} strokeWidth={1.75} aria-hidden />}
          />
          <p className="hint">Aperio SVS, Hamamatsu NDPI, DICOM, OME-TIFF and other TIFF, PNG, JPEG</p>
        </div>
        <h2>Demo slides</h2>
        <DemoList demos={demos} />
        <h2>Privacy</h2>
        <p>
          Slides are read and segmented on this computer, in this page. Nothing is uploaded and no other site
          is contacted. Label images, which may identify the patient, stay hidden.
        </p>
        <p>
          <strong>Research use only.</strong> Dualscope is not a medical device and not for diagnosis.
        </p>
      </div>
    </div>
  );
}

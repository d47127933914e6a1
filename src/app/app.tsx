/** The frame: bars, panels, and between them the tissue. */
import { useLayoutEffect } from 'react';
import { LabelsDialog } from './annotate/labels-dialog.tsx';
import { ReportDialog } from './export/report-dialog.tsx';
import { SessionDialog } from './export/session-dialog.tsx';
import { CommandPalette } from './dialogs/command-palette.tsx';
import { DropTarget } from './dialogs/drop-target.tsx';
import { HelpSheet } from './dialogs/help-sheet.tsx';
import { MppDialog } from './dialogs/mpp-dialog.tsx';
import { OwnModelDialog } from './models/own-model-dialog.tsx';
import { GoToDialog } from './navigate/go-to-dialog.tsx';
import { LeftPanel } from './panels/left-panel.tsx';
import { LeftRail } from './panels/left-rail.tsx';
import { LogPanel } from './panels/log-panel.tsx';
import { RightPanel } from './panels/right-panel.tsx';
import { StatusBar } from './panels/status-bar.tsx';
import { TopBar } from './panels/top-bar.tsx';
import { StartPage } from './panels/start-page.tsx';
import { useShortcuts } from './commands/use-shortcuts.ts';
import { Pane } from './viewer/pane.tsx';
import { hasSlide } from './state/state.ts';
import { useApp } from './workbench-context.ts';

export function App(): React.JSX.Element {
  useShortcuts();
  useTheme();
  const slideShown = useApp(hasSlide);
  const panes = useApp((state) => state.panes);
  const logOpen = useApp((state) => state.logOpen);
  const dialog = useApp((state) => state.dialog);
  const rightPanel = useApp((state) => state.preferences.rightPanel && hasSlide(state));
  return (
    <div className="frame">
      <TopBar />
      <div className="middle">
        <LeftRail />
        <LeftPanel />
        <main className="stage" data-testid="stage" data-panes={panes.length}>
          {slideShown ? panes.map((pane) => <Pane key={pane.id} paneId={pane.id} />) : <StartPage />}
          {logOpen && <LogPanel />}
        </main>
        {rightPanel && <RightPanel />}
      </div>
      <StatusBar />
      <DropTarget />
      {dialog === 'palette' && <CommandPalette />}
      {dialog === 'help' && <HelpSheet />}
      {dialog === 'mpp' && <MppDialog />}
      {dialog === 'own-model' && <OwnModelDialog />}
      {dialog === 'go-to' && <GoToDialog />}
      {dialog === 'labels' && <LabelsDialog />}
      {dialog === 'report' && <ReportDialog />}
      {dialog === 'session' && <SessionDialog />}
    </div>
  );
}

/** Theme and surround are attributes of the document, which the style sheets follow. */
function useTheme(): void {
  const theme = useApp((state) => state.preferences.theme);
  const surround = useApp((state) => state.preferences.surround);
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.surround = surround;
  }, [theme, surround]);
}

/** The page's frame: bars, side panels, panes and dialogs. */
import { useLayoutEffect } from 'react';
import { LabelsDialog } from './annotate/labels-dialog.tsx';
import { ReportDialog } from './export/report.tsx';
import { SessionDialog } from './export/session-dialog.tsx';
import { CommandPalette } from './dialogs/command-palette.tsx';
import { DeleteResultsDialog } from './dialogs/delete-results-dialog.tsx';
import { DropTarget } from './dialogs/drop-target.tsx';
import { HelpSheet } from './dialogs/help-sheet.tsx';
import { MppDialog } from './dialogs/mpp-dialog.tsx';
import { TokenDialog } from './dialogs/token-dialog.tsx';
import { Tooltip } from './frame/tooltip.tsx';
import { ProjectResultsDialog } from './project/project-results-dialog.tsx';
import { OwnModelDialog } from './models/own-model-dialog.tsx';
import { GoToDialog } from './navigate/go-to-dialog.tsx';
import { LeftRail, LeftSidePanel, RightSidePanel } from './panels/side-panels.tsx';
import { LogPanel } from './panels/log-panel.tsx';
import { ErrorCallout } from './panels/error-callout.tsx';
import { UndoToast } from './undo/undo-toast.tsx';
import { StatusBar } from './panels/status-bar.tsx';
import { TopBar } from './panels/top-bar.tsx';
import { StartPage } from './panels/start-page.tsx';
import { useShortcuts } from './commands/shortcuts.ts';
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
        <LeftSidePanel />
        <main className="stage" data-testid="stage" data-panes={panes.length}>
          {slideShown ? panes.map((pane) => <Pane key={pane.id} paneId={pane.id} />) : <StartPage />}
          <ErrorCallout />
          <UndoToast />
          {logOpen && <LogPanel />}
        </main>
        {rightPanel && <RightSidePanel />}
      </div>
      <StatusBar />
      <DropTarget />
      <Tooltip />
      {dialog === 'palette' && <CommandPalette />}
      {dialog === 'help' && <HelpSheet />}
      {dialog === 'mpp' && <MppDialog />}
      {dialog === 'token' && <TokenDialog />}
      {dialog === 'own-model' && <OwnModelDialog />}
      {dialog === 'go-to' && <GoToDialog />}
      {dialog === 'labels' && <LabelsDialog />}
      {dialog === 'report' && <ReportDialog />}
      {dialog === 'session' && <SessionDialog />}
      {dialog === 'project-results' && <ProjectResultsDialog />}
      {dialog === 'delete-results' && <DeleteResultsDialog />}
    </div>
  );
}

/** Sets theme and surround as attributes of the document, for the style sheets. */
function useTheme(): void {
  const theme = useApp((state) => state.preferences.theme);
  const surround = useApp((state) => state.preferences.surround);
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.surround = surround;
  }, [theme, surround]);
}

/** Entry point of the page. */
// First: it has to run before any schema is built.
import '../base/zod-without-eval.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { keepOneDrawer } from './frame/one-drawer.ts';
import { installPageHook } from './page-hook.ts';
import { registerOffline } from './offline/register.ts';
import { Workbench } from './session/workbench.ts';
import { WorkbenchContext } from './workbench-context.ts';
import './style/index.css';

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no element "root".');

const workbench = new Workbench();
installPageHook(workbench);
keepOneDrawer(workbench.store);
createRoot(root).render(
  <StrictMode>
    <WorkbenchContext value={workbench}>
      <App />
    </WorkbenchContext>
  </StrictMode>,
);
// Last, so that caching files does not delay the first view of the slide.
void workbench.start().then(registerOffline);

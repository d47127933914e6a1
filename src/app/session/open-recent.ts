/** Opens a recent slide. A local file of an earlier visit is opened by its handle, after the browser has asked. */
import { logEntry } from './error-log.ts';
import { filesOf } from './file-handles.ts';
import type { RecentSlide } from './recent-slides.ts';
import type { Workbench } from './workbench.ts';

/** Call it from a user action. */
export async function openRecent(
  { slides, recent, store }: Pick<Workbench, 'slides' | 'recent' | 'store'>,
  { choice, handles }: RecentSlide,
): Promise<void> {
  const isHere = choice.input.kind === 'url' || choice.input.files.length > 0;
  if (isHere || handles === undefined) return slides.open(choice);
  const report = (problem: string, remedy: string): void =>
    store.dispatch({
      type: 'log',
      entry: logEntry('error', { code: 'not-found', file: choice.title, problem, remedy }, 'slide.open'),
    });
  try {
    const files = await filesOf(handles);
    if (files === null) return report('The browser may not read it.', 'Allow it, or choose the file again.');
    await slides.openFiles(files);
  } catch {
    recent.forget(choice.key);
    report('It is no longer where it was.', 'Choose the file again.');
  }
}

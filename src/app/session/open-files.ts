/** Files that the user picked or dropped: slides, annotations of a slide, or a session. */
import { isAnnotationName } from '../../annotation/read-annotations.ts';
import type { Workbench } from './workbench.ts';

/**
 * Opens slides first; annotations among the files are then the ground truth of the slide that is open. A session
 * file restores what it holds.
 */
export async function openFiles(workbench: Workbench, files: readonly File[]): Promise<void> {
  const annotations = files.filter(({ name }) => isAnnotationName(name));
  const slides = files.filter((file) => !annotations.includes(file));
  const sessions: File[] = [];
  for (const file of annotations) if (await workbench.sessions.isSession(file)) sessions.push(file);
  const truth = annotations.filter((file) => !sessions.includes(file));
  const [session] = sessions;
  if (session !== undefined) await workbench.sessions.open(session);
  if (slides.length > 0) await workbench.slides.openFiles(slides);
  if (truth.length > 0) await workbench.annotations.loadTruth(truth);
}

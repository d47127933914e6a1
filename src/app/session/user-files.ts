/** Files that the user picks or drops: the browser's file dialog, and what is opened with them. */
import { dicomHeadBytes, isAnnotationName, isDicomAnnotation } from '../../annotation/annotation-names.ts';
import { slideSets } from '../../base/slide-sets.ts';
import type { ChosenFile } from '../../worker/protocol.ts';
import { sortResults } from '../predictions/result-files.ts';
import { isModelFolder } from '../models/model-session.ts';
import { canChooseFolder, chooseFolder, filesOfFolder } from '../project/folder-access.ts';
import { hasFilePicker, pickWithHandles } from './file-handles.ts';
import { replaceTruth } from '../undo/removals.ts';
import { chosenFiles } from './chosen-files.ts';
import { logEntry, reportOf } from './error-log.ts';
import type { Workbench } from './workbench.ts';

/** Referenced while its dialog is open: otherwise it may be garbage-collected, and its `change` event never fires. */
let dialogInput: HTMLInputElement | null = null;

/** Opens the file dialog. Nothing happens if the user cancels. Call it from a user action; browsers require one. */
export function pickFiles(onFiles: (files: readonly File[]) => void): void {
  pick(onFiles, false);
}

/** As `pickFiles`, for slides: where the browser gives handles, they can be opened again at a later visit. */
export function pickSlides(onFiles: (files: readonly File[]) => void): void {
  if (!hasFilePicker()) return pickFiles(onFiles);
  void pickWithHandles().then((files) => {
    if (files.length > 0) onFiles(files);
  });
}

/** Opens the dialog for a folder. Its files know their places (`webkitRelativePath`). */
export function pickFolder(onFiles: (files: readonly File[]) => void): void {
  pick(onFiles, true);
}

function pick(onFiles: (files: readonly File[]) => void, isFolder: boolean): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.webkitdirectory = isFolder;
  // No filter by extension: slides have many different ones, or none.
  input.addEventListener('change', () => {
    if (dialogInput === input) dialogInput = null;
    onFiles([...(input.files ?? [])]);
  });
  dialogInput = input;
  input.click();
}

/** Asks for a folder and opens it. Call it from a user action. */
export function openFolder(workbench: Workbench): void {
  if (!canChooseFolder()) return pickFolder((files) => void openFiles(workbench, chosenFiles(files)));
  void chooseFolder().then((folder) => folder && openFiles(workbench, filesOfFolder(folder), folder));
}

/**
 * Opens slides, annotations, results, project and session files. A folder of several slides opens as a project. Slides open
 * first; annotations then become the ground truth of the open slide, results predictions on it. A session file restores what
 * it holds.
 */
export async function openFiles(
  workbench: Workbench,
  chosen: readonly ChosenFile[] | Promise<readonly ChosenFile[]>,
  folder: FileSystemDirectoryHandle | null | Promise<FileSystemDirectoryHandle | null> = null,
): Promise<void> {
  let files: readonly ChosenFile[];
  try {
    files = await chosen;
  } catch (error) {
    const entry = logEntry('error', reportOf(error, ''), 'slide.open');
    workbench.store.dispatch({ type: 'log', entry });
    return;
  }
  if (await isModelFolder(files)) return openModel(workbench, files);
  const { results, others } = await sortResults(files, workbench.maps);
  const isProject = others.length > 0 && (await workbench.project.openFolder(others, await folder));
  if (!isProject) await openOthers(workbench, others);
  await workbench.predictions.open(results);
}

async function openOthers(workbench: Workbench, files: readonly ChosenFile[]): Promise<void> {
  // Slides of several files have .json and .xml files of their own.
  const { others } = slideSets(files);
  const apart = new Set<ChosenFile>();
  for (const other of others) if (await isAnnotation(other.file)) apart.add(other);
  const annotations = [...apart].map(({ file }) => file);
  const slides = files.filter((file) => !apart.has(file));
  const projects: File[] = [];
  for (const file of annotations) if (await workbench.project.isProject(file)) projects.push(file);
  const [project] = projects;
  if (project !== undefined) return workbench.project.openFile(project);
  const sessions: File[] = [];
  for (const file of annotations) if (await workbench.sessions.isSession(file)) sessions.push(file);
  const truth = annotations.filter((file) => !sessions.includes(file));
  const [session] = sessions;
  if (session !== undefined) await workbench.sessions.open(session);
  if (slides.length > 0) await workbench.slides.openFiles(slides);
  if (truth.length > 0) await replaceTruth(workbench, () => workbench.annotations.loadTruth(truth));
}

/** A dropped model folder, which the active pane then shows. */
async function openModel(workbench: Workbench, files: readonly ChosenFile[]): Promise<void> {
  const failure = await workbench.models.openFolder(files);
  const folder = files[0]?.path.split('/')[0] ?? '';
  const report =
    failure === null
      ? { code: 'model', file: folder, problem: 'Opened as a model.', remedy: '' }
      : { code: 'model', file: folder, problem: failure, remedy: '' };
  const entry = logEntry(failure === null ? 'info' : 'error', report, failure === null ? null : 'model.open');
  workbench.store.dispatch({ type: 'log', entry });
  if (failure === null) workbench.store.dispatch({ type: 'preferences', change: { leftPanel: 'models' } });
}

/** By name, or by the class of a DICOM file, whose name says nothing. */
async function isAnnotation(file: File): Promise<boolean> {
  if (isAnnotationName(file.name)) return true;
  const head = await file
    .slice(0, dicomHeadBytes)
    .arrayBuffer()
    .catch(() => null);
  // A file that cannot be read is reported where it is opened.
  return head !== null && isDicomAnnotation(new Uint8Array(head));
}

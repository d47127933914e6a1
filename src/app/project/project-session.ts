/** The open project: opens folders and project files, keeps what is decided about each slide, and opens slides of it. */
import type { Project, ProjectSlide } from '../../project/project.ts';
import { initialSettings, isProjectText, parseProject, projectText } from '../../project/project.ts';
import { mergeFolder, projectOfFolder } from '../../project/merge-folder.ts';
import { differenceOf } from '../../project/merge-projects.ts';
import { resultsCsv } from '../../project/results-table.ts';
import type { SlideChange } from '../../project/slide-change.ts';
import { stateOf } from '../../project/slide-list.ts';
import type { ChosenFile, SlideInput } from '../../worker/protocol.ts';
import { onPageHidden } from '../annotate/annotation-store.ts';
import type { ChangeChannel } from '../annotate/annotation-store.ts';
import { download } from '../export/export-files.ts';
import { formatCount } from '../format.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import type { SlideSession } from '../session/slide-session.ts';
import { browserStorage } from '../state/browser-storage.ts';
import type { LogLevel, SlideChoice } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { canChooseFolder, chooseFolder, filesOfFolder, mayRead } from './folder-access.ts';
import { folderNameOf, slidesOfFolder } from './project-files.ts';
import type { FolderSlide } from './project-files.ts';
import { ProjectRecords } from './project-records.ts';
import { openedProject, openProjectSlide, projectSlideKey, projectStep } from './project-state.ts';
import type { ProjectState } from './project-state.ts';
import { openProjectTable } from './project-table.ts';
import type { ProjectHead, ProjectTable } from './project-table.ts';
import { identityOf, ProjectThumbnails } from './project-thumbnails.ts';

/** Where the id of the project that was open last is kept. */
const lastKey = 'dualscope.project';

export class ProjectSession {
  readonly #store: AppStore;
  readonly #slides: SlideSession;
  readonly #table: ProjectTable;
  readonly thumbnails: ProjectThumbnails;
  #records: ProjectRecords | null = null;
  #head: ProjectHead | null = null;
  #channel: BroadcastChannel | null = null;
  /** The files of slides that were found, by id. */
  #inputs: ReadonlyMap<string, SlideInput> = new Map();

  constructor(store: AppStore, slides: SlideSession, table = openProjectTable()) {
    this.#store = store;
    this.#slides = slides;
    this.#table = table;
    this.thumbnails = new ProjectThumbnails(slides.client, table);
    // Back and Forward open slides too.
    store.subscribe(
      ({ slide }) => slide?.choice.key,
      () => {
        const { project } = store.getState();
        const slide = openProjectSlide(store.getState());
        if (project !== null && slide !== null) this.#set(project.id, { cursor: slide.id });
      },
    );
    onPageHidden(() => this.#records?.flush());
    window.addEventListener('beforeunload', (event) => {
      if (this.#records?.isFailing === true) event.preventDefault();
    });
  }

  /** Projects of this browser, latest first; none if it keeps none. */
  stored(): Promise<readonly ProjectHead[]> {
    return this.#table.heads().catch(() => []);
  }

  get settings(): Project['settings'] {
    return this.#head?.settings ?? initialSettings;
  }

  /** Keeps the models that the queue uses, so that it goes on with them after a restart. */
  async setModels(models: readonly string[]): Promise<void> {
    if (this.#head === null) return;
    this.#head = { ...this.#head, settings: { ...this.#head.settings, models } };
    await this.#table.putHead(this.#head).catch(() => undefined);
  }

  slide(id: string): ProjectSlide | null {
    return this.#records?.slide(id) ?? null;
  }

  input(id: string): SlideInput | null {
    return this.#inputs.get(id) ?? null;
  }

  change(...changes: readonly (readonly [id: string, change: SlideChange])[]): void {
    this.#records?.change(changes);
  }

  /**
   * Opens a folder with several slides as a project, or gives the open project its folder.
   * @param folder if the browser lets the page read it again later
   * @returns false for other files
   */
  async openFolder(files: readonly ChosenFile[], folder: FileSystemDirectoryHandle | null): Promise<boolean> {
    const title = folder?.name ?? folderNameOf(files);
    if (title === null) return false;
    const waits = this.#store.getState().project;
    const slides = await slidesOfFolder(files);
    const sizes = new Set(slides.map(({ bytes }) => bytes));
    const isWanted =
      waits !== null && waits.access !== 'open' && waits.slides.some(({ bytes }) => sizes.has(bytes));
    const file = await projectFileIn(files);
    if (slides.length < 2 && file === null && !isWanted) return false;
    if (slides.length === 0) {
      this.#say('error', title, 'The folder holds no slide.', 'Choose the folder that holds the slides.');
      return true;
    }
    if (file !== null && !isWanted) await this.openFile(file, false);
    else if (!isWanted) await this.#openFor(title, slides);
    const { project } = this.#store.getState();
    if (project === null) return true;
    if (folder !== null) await this.#table.putFolder(project.id, folder).catch(() => undefined);
    await this.#takeFolder(project.id, title, slides);
    if (!isWanted || this.#store.getState().slide === null) await this.#openFirst();
    return true;
  }

  /** Whether a file is a project. */
  async isProject(file: File): Promise<boolean> {
    return isProjectText(await file.slice(0, 400).text());
  }

  /** Opens `project.json`. @param asks whether its folder is asked for next */
  async openFile(file: File, asks = true): Promise<void> {
    const parsed = parseProject(await file.text());
    if (parsed.kind === 'unreadable') {
      this.#say('error', file.name, parsed.problem, 'Save the project again, or open its folder.');
      return;
    }
    const { project, dropped } = parsed;
    if (dropped > 0) {
      const problem = `${slidesText(dropped)} of the project file can’t be read.`;
      this.#say('warning', file.name, problem, 'Open the folder: they are listed as new.');
    }
    const stored = await this.#table.read(project.id).catch(() => null);
    const head = { id: project.id, title: project.title, settings: project.settings, opened: Date.now() };
    await this.#show(stored?.head ?? head, stored?.slides ?? [], asks ? 'none' : 'reading');
    const { added, changes } = differenceOf(stored?.slides ?? [], project.slides);
    this.#records?.change(changes, added);
    if (asks && stored !== null) await this.grantFolder(false);
  }

  /** Opens the project that was open when the page was closed. @returns whether there was one */
  async openLast(): Promise<boolean> {
    const id = browserStorage()?.getItem(lastKey) ?? null;
    if (id === null) return false;
    return this.openStored(id, false);
  }

  /** @param ask whether the browser may ask the user for the folder */
  async openStored(id: string, ask = true): Promise<boolean> {
    const stored = await this.#table.read(id).catch(() => null);
    if (stored === null) return false;
    if (stored.unreadable > 0) {
      const problem = `${slidesText(stored.unreadable)} of the project can’t be read.`;
      this.#say('warning', stored.head.title, problem, 'They are kept as they are, and not shown.');
    }
    await this.#show(stored.head, stored.slides, 'none');
    await this.grantFolder(ask);
    if (this.#store.getState().project?.access === 'open') await this.#openFirst();
    return true;
  }

  /** Reads the project's folder again. @param ask whether to ask the user for it, who must have just pressed something */
  async grantFolder(ask = true): Promise<void> {
    const { project } = this.#store.getState();
    if (project === null) return;
    const kept = await this.#table.folder(project.id).catch(() => null);
    if (kept !== null) {
      if (!(await mayRead(kept, ask))) return this.#set(project.id, { access: 'ask' });
      if (await this.#readFolder(project.id, kept)) return;
    }
    if (!ask) return this.#set(project.id, { access: 'none' });
    await this.chooseFolder();
  }

  /** Asks for the folder of the open project, wherever it lies now. */
  async chooseFolder(): Promise<void> {
    const { project } = this.#store.getState();
    if (project === null || !canChooseFolder()) return;
    const folder = await chooseFolder();
    if (folder === null) return;
    await this.#table.putFolder(project.id, folder).catch(() => undefined);
    await this.#readFolder(project.id, folder);
  }

  close(): void {
    this.#records?.close();
    this.#channel?.close();
    this.#records = this.#channel = this.#head = null;
    this.#inputs = new Map();
    this.thumbnails.show(null);
    this.#store.dispatch({ type: 'project', project: null });
    forgetLast();
  }

  async open(slideId: string): Promise<void> {
    const { project } = this.#store.getState();
    const slide = this.slide(slideId);
    if (project !== null) this.#set(project.id, { cursor: slideId });
    const choice = project === null || slide === null ? null : this.choiceOf(project.id, slide);
    if (choice === null) {
      if (slide !== null) {
        this.#say('error', slide.name, 'The file is not in the folder.', 'Choose the folder that holds it.');
      }
      return;
    }
    await this.#slides.open(choice);
    const { slide: opened } = this.#store.getState();
    if (opened?.choice.key === choice.key) {
      this.change([slideId, { kind: 'identified', identity: identityOf(opened.metadata) }]);
    }
  }

  /** The slide as it is opened; null if its file is not there. */
  choiceOf(projectId: string, { id, name }: ProjectSlide): SlideChoice | null {
    const input = this.input(id);
    return input === null ? null : { key: projectSlideKey(projectId, id), title: name, input };
  }

  /** Opens the first slide that can be opened, of the first few: those that can't say so. */
  async #openFirst(): Promise<void> {
    for (let tries = 0; tries < 3; tries++) {
      await this.step(1);
      if (openProjectSlide(this.#store.getState()) !== null) return;
    }
  }

  /** Opens the next slide of the list, or the one before. */
  async step(by: 1 | -1): Promise<void> {
    const next = projectStep(this.#store.getState(), by);
    if (next !== null) await this.open(next.id);
  }

  /** Marks the open slide as reviewed, or takes the mark away. */
  toggleReviewed(): void {
    const slide = openProjectSlide(this.#store.getState());
    if (slide !== null) this.change([slide.id, { kind: 'reviewed', reviewed: !slide.reviewed }]);
  }

  /** Tries again to save what could not be saved. */
  retry(): void {
    this.#records?.retry();
  }

  saveCsv(): void {
    const project = this.#project();
    if (project !== null) {
      download(new Blob([resultsCsv(project)], { type: 'text/csv' }), `${project.title}.results.csv`);
    }
  }

  saveFile(): void {
    const project = this.#project();
    if (project !== null) {
      download(new Blob([projectText(project)], { type: 'application/json' }), 'project.json');
    }
  }

  #project(): Project | null {
    const head = this.#head;
    const slides = this.#records?.slides;
    return head === null || slides === undefined ? null : { ...head, slides };
  }

  /** The stored project of a folder, or a new one. */
  async #openFor(title: string, slides: readonly FolderSlide[]): Promise<void> {
    const stored = await Promise.all((await this.stored()).map(({ id }) => this.#table.read(id))).catch(
      () => [],
    );
    const known = projectOfFolder(
      stored.flatMap((each) => (each === null ? [] : [each])),
      slides,
    );
    const fresh = { id: crypto.randomUUID(), title, settings: initialSettings, opened: Date.now() };
    await this.#show(known?.head ?? fresh, known?.slides ?? [], 'reading');
  }

  async #show(
    head: ProjectHead,
    slides: readonly ProjectSlide[],
    access: ProjectState['access'],
  ): Promise<void> {
    this.close();
    const { id, title } = head;
    this.#head = { ...head, opened: Date.now() };
    const change = (next: Partial<ProjectState>): void => this.#set(id, next);
    this.#records = new ProjectRecords(id, slides, this.#table, this.#openChannel(), {
      changed: (now) => change({ slides: now }),
      failing: (reason) => {
        change({ unsaved: reason });
        if (reason === null) this.#say('info', title, 'The project is saved again.', '');
        else this.#say('warning', title, unsavedText(reason), 'Free disk space, or save a project file.');
      },
    });
    const { slides: known } = this.#records;
    const project = openedProject({ id, title, slides: known, access, found: new Set() });
    this.#store.dispatch({ type: 'project', project });
    this.#store.dispatch({ type: 'preferences', change: { leftPanel: 'slides' } });
    this.#showThumbnails();
    try {
      await this.#table.putHead(this.#head);
      browserStorage()?.setItem(lastKey, id);
    } catch (error) {
      const { problem } = reportOf(error, '');
      change({ unsaved: problem });
      this.#say('warning', title, unsavedText(problem), 'Save a project file before you leave.');
    }
  }

  async #readFolder(projectId: string, folder: FileSystemDirectoryHandle): Promise<boolean> {
    this.#set(projectId, { access: 'reading' });
    try {
      const slides = await slidesOfFolder(await filesOfFolder(folder));
      await this.#takeFolder(projectId, folder.name, slides);
      return true;
    } catch (error) {
      const { problem, remedy } = reportOf(error, folder.name);
      this.#say('error', folder.name, problem, remedy);
      this.#set(projectId, { access: 'none' });
      return false;
    }
  }

  /** Merges what is in the folder now into the project. */
  async #takeFolder(projectId: string, title: string, folder: readonly FolderSlide[]): Promise<void> {
    const records = this.#records;
    if (records === null || this.#head?.id !== projectId) return;
    this.#set(projectId, { access: 'reading' });
    const inputs = new Map(folder.map(({ path, input }) => [path, input]));
    const before = records.slides;
    const newId = (): string => crypto.randomUUID();
    let merge = mergeFolder(before, folder, new Map(), newId);
    if (merge.candidates.length > 0) {
      const fingerprints = await this.#fingerprints(merge.candidates, inputs);
      merge = mergeFolder(before, folder, fingerprints, newId);
    }
    // Another project was opened meanwhile.
    if (this.#records !== records) return;
    const added = new Set(merge.added);
    records.change(
      merge.slides.flatMap((slide) => {
        const { id, name, path, bytes, place } = slide;
        return added.has(id) ? [] : [[id, { kind: 'placed', name, path, bytes, place }] as const];
      }),
      merge.slides.filter(({ id }) => added.has(id)),
    );
    const found = [...merge.found].flatMap(([id, path]) => {
      const input = inputs.get(path);
      return input === undefined ? [] : [[id, input] as const];
    });
    this.#inputs = new Map(found);
    this.#set(projectId, { access: 'open', found: new Set(this.#inputs.keys()) });
    this.#showThumbnails();
    if (merge.missing.length > 0) {
      const problem = `${slidesText(merge.missing.length)} of the project ${merge.missing.length === 1 ? 'is' : 'are'} not in the folder.`;
      this.#say('warning', title, problem, 'Their results and reviews are kept.');
    }
    if (merge.leftOut > 0) {
      this.#say(
        'warning',
        title,
        `${slidesText(merge.leftOut)} beyond 10,000 are not listed.`,
        'Open a part of the folder.',
      );
    }
  }

  async #fingerprints(
    paths: readonly string[],
    inputs: ReadonlyMap<string, SlideInput>,
  ): Promise<Map<string, string>> {
    const known = new Map<string, string>();
    for (const path of paths) {
      const input = inputs.get(path);
      // What can't be read says so in the list.
      const opened = input === undefined ? null : await this.#slides.client.open(input).catch(() => null);
      if (opened === null) continue;
      known.set(path, opened.metadata.fingerprint);
      void this.#slides.client.close(opened.slideId);
    }
    return known;
  }

  #showThumbnails(): void {
    const records = this.#records;
    if (records === null) return;
    this.thumbnails.show({
      slides: () => records.slides,
      input: (id) => this.input(id),
      identified: (id, identity) => records.change([[id, { kind: 'identified', identity }]]),
      failed: (id, { problem, remedy }) => {
        const slide = records.slide(id);
        if (slide !== null && stateOf(slide, null) !== 'new') return;
        records.change([[id, { kind: 'failed', failure: { problem, remedy } }]]);
      },
    });
  }

  /** null in browsers without it: their tabs see each other's changes when they open the project. */
  #openChannel(): ChangeChannel | null {
    if (typeof BroadcastChannel === 'undefined') return null;
    const channel = new BroadcastChannel('dualscope.projects');
    this.#channel = channel;
    const result: ChangeChannel = {
      post: (message) => channel.postMessage(message),
      onMessage: () => undefined,
    };
    channel.onmessage = ({ data }) => result.onMessage(data);
    return result;
  }

  #set(id: string, change: Partial<ProjectState>): void {
    this.#store.dispatch({ type: 'project-change', id, change });
  }

  #say(level: LogLevel, file: string, problem: string, remedy: string): void {
    const report = { code: 'project', file, problem, remedy };
    this.#store.dispatch({ type: 'log', entry: logEntry(level, report, null) });
  }
}

const unsavedText = (reason: string): string => `The project can’t be saved in this browser: ${reason}`;

const slidesText = (count: number): string => `${formatCount(count)} ${count === 1 ? 'slide' : 'slides'}`;

function forgetLast(): void {
  browserStorage()?.removeItem(lastKey);
}

/** The project file that lies in the folder itself; null without one. */
async function projectFileIn(files: readonly ChosenFile[]): Promise<File | null> {
  const named = files.filter(({ path }) => /^[^/]*\/[^/]*project[^/]*\.json$/i.test(path));
  for (const { file } of named) if (isProjectText(await file.slice(0, 400).text())) return file;
  return null;
}

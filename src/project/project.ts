/** A project: slides of a folder with what is known and decided about each. Its file is `project.json`. Pure. */
import { z } from 'zod';

export const projectFormat = 'dualscope-project';
export const projectVersion = 1;

/** A project is a list for people to go through; a cohort of more is for the command line. */
export const maxProjectSlides = 10_000;

const text = z.string().max(4000);
const name = z.string().min(1).max(1000);
const share = z.number().min(0).max(1);
const area = z.number().min(0).max(1e9);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const classResultSchema = z
  .object({
    name,
    background: z.boolean(),
    /** null without resolution. */
    mm2: area.nullable(),
    /** Of the segmented tissue: the shares of all classes add up to 1. */
    shareOfTissue: share,
  })
  .readonly();

const resultSchema = z
  .object({
    /** The model's title, marked if its check was overridden. */
    title: name,
    /** ISO 8601. */
    date: z.string().max(40),
    /** µm per pixel that the run assumed, the mean of both axes. */
    mpp: z.number().positive().max(1000),
    classes: z.array(classResultSchema).min(1).max(254).readonly(),
    /** Segmented tissue, mm². */
    segmentedMm2: area,
    /** Mean over the segmented tissue; null where nothing was segmented. */
    confidence: share.nullable(),
    /** Slices that could not be read. */
    broken: z.number().int().min(0),
    /** Why the result may be meaningless on this slide; null where nothing speaks against it. */
    warning: text.nullable(),
  })
  .readonly();

const failureSchema = z.object({ problem: text, remedy: text }).readonly();

const slideSchema = z
  .object({
    /** Random; stays when the file moves. */
    id: z.string().regex(/^[\w-]{1,64}$/),
    /** What users call the slide. */
    name,
    /** Of its main file or folder, below the project's folder, separated by slashes. */
    path: name,
    /** Of all its files together. */
    bytes: z.number().int().min(0),
    /** By content; null until the slide has been read. */
    fingerprint: sha256.nullable(),
    /** Level-0 pixels; null until the slide has been read. */
    size: z
      .object({ width: z.number().int().positive(), height: z.number().int().positive() })
      .readonly()
      .nullable(),
    /** µm per pixel of the file; null if it states none, and until the slide has been read. */
    mpp: z.number().positive().max(1000).nullable(),
    caseNumber: text,
    notes: text,
    reviewed: z.boolean(),
    /** Waits to be segmented. */
    queued: z.boolean(),
    /** By model id. */
    results: z.record(z.string().max(200), resultSchema).readonly(),
    /** Share of the tissue segmented by several models on which any two of them differ most; null with fewer than two. */
    disagreement: share.nullable(),
    /** Why the slide could not be opened or segmented last; null if it could. */
    failure: failureSchema.nullable(),
    /** Its place in the list as the folder was read. */
    place: z.number().int().min(0),
  })
  .readonly();

const settingsSchema = z
  .object({
    /** Ids of the models that segment; empty for those of the panes. */
    models: z.array(z.string().min(1).max(200)).max(8).readonly(),
    /** What is segmented of each slide: all of its tissue. */
    area: z.literal('tissue'),
  })
  .readonly();

const projectSchema = z.object({
  format: z.literal(projectFormat),
  version: z.literal(projectVersion),
  id: z.string().regex(/^[\w-]{1,64}$/),
  title: name,
  settings: settingsSchema,
});

export type ClassResult = z.infer<typeof classResultSchema>;
export type SlideResult = z.infer<typeof resultSchema>;
export type SlideFailure = z.infer<typeof failureSchema>;
export type ProjectSlide = z.infer<typeof slideSchema>;
export type ProjectSettings = z.infer<typeof settingsSchema>;

export interface Project {
  readonly id: string;
  /** The folder's name, unless the user gave another. */
  readonly title: string;
  readonly settings: ProjectSettings;
  /** By `place`. */
  readonly slides: readonly ProjectSlide[];
}

export const initialSettings: ProjectSettings = { models: [], area: 'tissue' };

export type ParsedProject =
  | {
      readonly kind: 'project';
      readonly project: Project;
      /** Slides that could not be read. */
      readonly dropped: number;
    }
  /** A sentence. */
  | { readonly kind: 'unreadable'; readonly problem: string };

/** The slide, if a stored or transmitted value is one. */
export function parseSlide(value: unknown): ProjectSlide | null {
  return slideSchema.safeParse(value).data ?? null;
}

export function parseSettings(value: unknown): ProjectSettings | null {
  return settingsSchema.safeParse(value).data ?? null;
}

/** Whether a file's first characters claim to be a project. */
export const isProjectText = (head: string): boolean => head.includes(`"${projectFormat}"`);

/** Reads `project.json`. Slides that are damaged are left out and counted. */
export function parseProject(json: string): ParsedProject {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { kind: 'unreadable', problem: 'The project file is damaged: it is not JSON.' };
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > projectVersion) {
    return { kind: 'unreadable', problem: 'The project was saved by a later version of Dualscope.' };
  }
  const head = projectSchema.safeParse(value);
  const listed = z.object({ slides: z.array(z.unknown()).max(maxProjectSlides) }).safeParse(value);
  if (!head.success || !listed.success) {
    return { kind: 'unreadable', problem: 'The project file is damaged or is not a project.' };
  }
  const slides: ProjectSlide[] = [];
  const ids = new Set<string>();
  for (const each of listed.data.slides) {
    const slide = parseSlide(each);
    if (slide === null || ids.has(slide.id)) continue;
    ids.add(slide.id);
    slides.push(slide);
  }
  const { id, title, settings } = head.data;
  const dropped = listed.data.slides.length - slides.length;
  return { kind: 'project', project: { id, title, settings, slides: inPlace(slides) }, dropped };
}

/** `project.json`. */
export function projectText({ id, title, settings, slides }: Project): string {
  const head = { format: projectFormat, version: projectVersion, id, title };
  const notice = 'Research use only. Not for diagnosis.';
  return `${JSON.stringify({ ...head, notice, settings, slides }, null, 1)}\n`;
}

export function inPlace(slides: readonly ProjectSlide[]): readonly ProjectSlide[] {
  return [...slides].sort((one, other) => one.place - other.place || (one.id < other.id ? -1 : 1));
}

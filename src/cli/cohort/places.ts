/** Where the files of a cohort lie. The workflow knows the same names (`workflow/Snakefile`). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { planSchema, requestSchema, type CohortPlan, type SlideRequest } from '../../cohort/request.ts';
import { CommandError } from '../command.ts';

export interface CohortPlaces {
  readonly plan: string;
  readonly csv: string;
  readonly json: string;
  /** Folder of the gallery's pages. */
  readonly gallery: string;
  /** What the slide's job is to do. */
  readonly request: (id: string) => string;
  /** Folder of a slide's results. */
  readonly slide: (id: string) => string;
  readonly outcome: (id: string) => string;
}

export function cohortPlaces(out: string): CohortPlaces {
  return {
    plan: join(out, 'plan.json'),
    csv: join(out, 'cohort.csv'),
    json: join(out, 'cohort.json'),
    gallery: join(out, 'gallery'),
    request: (id) => join(out, 'requests', `${id}.json`),
    slide: (id) => join(out, 'slides', id),
    outcome: (id) => join(out, 'slides', id, 'outcome.json'),
  };
}

/** @returns null when the file is absent or of another shape: nothing that can be built upon. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
}

/** @throws CommandError when the folder holds no plan. */
export async function readPlan(out: string): Promise<CohortPlan> {
  const { plan } = cohortPlaces(out);
  const found = await readJson(plan, planSchema);
  if (found !== null) return found;
  throw new CommandError(`${plan}: There is no plan of a cohort. Make one with dualscope cohort plan.`);
}

/** @throws CommandError when the cohort has no such slide. */
export async function readRequest(out: string, id: string): Promise<SlideRequest> {
  const path = cohortPlaces(out).request(id);
  const found = await readJson(path, requestSchema);
  if (found !== null) return found;
  throw new CommandError(`${path}: There is no request for this slide. Run dualscope cohort plan again.`);
}

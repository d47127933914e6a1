/** The files in a cohort's folder. The workflow uses the same names (`workflow/Snakefile`). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { replaceFile } from '../../base/replace-file.node.ts';
import { outcomeSchema, type SlideOutcome } from '../../cohort/outcome.ts';
import {
  planSchema,
  requestSchema,
  slideIdSchema,
  type CohortPlan,
  type SlideRequest,
} from '../../cohort/request.ts';
import { CommandError } from '../command.ts';

export interface CohortPaths {
  readonly plan: string;
  readonly csv: string;
  readonly json: string;
  /** Folder of the gallery's pages. */
  readonly gallery: string;
  /** The request that a slide's job carries out. */
  readonly request: (id: string) => string;
  /** Folder of a slide's results. */
  readonly slide: (id: string) => string;
  readonly outcome: (id: string) => string;
}

export function cohortPaths(out: string): CohortPaths {
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

/** @throws CommandError when the folder has no plan. */
export async function readPlan(out: string): Promise<CohortPlan> {
  const found = await readEarlierPlan(out);
  if (found !== null) return found;
  throw new CommandError(
    `${cohortPaths(out).plan}: Not found or not a cohort plan. Create it with dualscope cohort plan.`,
  );
}

/** The plan of an earlier call; null if there is none. */
export function readEarlierPlan(out: string): Promise<CohortPlan | null> {
  return readValid(cohortPaths(out).plan, planSchema);
}

/** @throws CommandError when the cohort has no such slide. */
export async function readRequest(out: string, id: string): Promise<SlideRequest> {
  if (!slideIdSchema.safeParse(id).success) {
    throw new CommandError(
      `${id}: Not the id of a slide. The ids of a cohort are in ${cohortPaths(out).plan}.`,
    );
  }
  const found = await readOldRequest(out, id);
  if (found !== null) return found;
  throw new CommandError(
    `${cohortPaths(out).request(id)}: No request for this slide. Run dualscope cohort plan again.`,
  );
}

/** The request of an earlier plan; null if there is none. */
export function readOldRequest(out: string, id: string): Promise<SlideRequest | null> {
  return readValid(cohortPaths(out).request(id), requestSchema);
}

/** How a slide's last job ended; null if none has finished. */
export function readOutcome(out: string, id: string): Promise<SlideOutcome | null> {
  return readValid(cohortPaths(out).outcome(id), outcomeSchema);
}

export async function writeOutcome(out: string, id: string, outcome: SlideOutcome): Promise<void> {
  await replaceFile(cohortPaths(out).outcome(id), `${JSON.stringify(outcome, null, 1)}\n`);
}

/** A JSON file that matches the schema; null if it is missing or doesn't match. */
async function readValid<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
}

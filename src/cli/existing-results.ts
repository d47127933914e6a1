/** What is already where results go: complete results are kept, damaged ones named, and files of others never replaced. */
import { lstat, readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { digestOf, replaceFile } from '../base/replace-file.node.ts';
import { CommandError } from './command.ts';
import { findSealed } from './sealed-json.ts';
import {
  belongsToRun,
  resultFile,
  resultFiles,
  resultFormat,
  type ResultIdentity,
  type SegmentResult,
} from './segment-result.ts';
import { warn } from './terminal.ts';

export interface ExistingOptions {
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  /** Maximum deviation of polygon outlines, µm. */
  readonly simplify: number;
}

/**
 * Decides about what is where a run's results go. Reports damaged results on stderr. The caller holds the output's lock.
 * @returns the results if they are complete and to be kept; null if the run may write its own.
 * @throws CommandError when something there must not be replaced without --overwrite.
 */
export async function settleExisting(
  planned: ResultIdentity,
  { resume, overwrite, simplify }: ExistingOptions,
): Promise<SegmentResult | null> {
  const { prefix } = planned;
  await rejectFolders(prefix);
  const path = resultFile(prefix);
  const found = await findSealed<SegmentResult>(path, resultFormat);
  const identity = identityOf(planned, simplify);
  if (overwrite === true) {
    // So that --resume continues this run although it finds the old results, if it is stopped.
    if (found.kind !== 'none') await replaceFile(consentFile(prefix), identity);
    return null;
  }
  const isReplacing = resume === true && (await readConsent(prefix)) === identity;
  if (found.kind === 'foreign' && !isReplacing) throw inTheWay(path);
  if (found.kind === 'none') {
    if (!isReplacing) await rejectForeign(prefix);
    return null;
  }
  if (resume !== true) {
    throw existingResults(path);
  }
  if (found.kind === 'damaged') {
    warn(`${path}: The result file is damaged; the results are written again.`);
    return null;
  }
  const isOwn = found.kind === 'intact' && belongsToRun(found.value, planned, simplify);
  if (!isOwn) {
    if (isReplacing) return null;
    throw resultMismatch(path);
  }
  const old = found.value;
  const changed = await changedFiles(old, prefix);
  for (const file of changed) {
    warn(`${file}: Missing, or changed since it was written; the results are written again.`);
  }
  if (changed.length > 0 || old.broken > 0) return null;
  return { ...old, computed: 0, files: resultFiles(prefix) };
}

/** Forgets that results may be replaced, once they have been. */
export async function removeConsent(prefix: string): Promise<void> {
  await rm(consentFile(prefix), { force: true });
}

/** The error for results that neither --resume nor --overwrite speaks of. */
export function existingResults(path: string): CommandError {
  return new CommandError(
    `${path}: Results already exist. Keep them with --resume, or replace them with --overwrite.`,
  );
}

/** The error for existing results that this call would not produce. */
export function resultMismatch(path: string): CommandError {
  return new CommandError(
    `${path}: These results have another slide, model, area or grid, the slide has changed, or an earlier version ` +
      'wrote them. Replace them with --overwrite, or set another --out.',
  );
}

/** The error for a file that this program did not write. */
export function inTheWay(path: string): CommandError {
  return new CommandError(
    `${path}: A file that is no result of this run is in the way. Move it or set another --out; --overwrite replaces it.`,
  );
}

/** Result files that are missing or have another content than when they were written. */
async function changedFiles({ digests }: SegmentResult, prefix: string): Promise<string[]> {
  const changed: string[] = [];
  for (const file of resultFiles(prefix)) {
    if (file === resultFile(prefix)) continue;
    const written = digests[basename(file)];
    const now = await digestOf(file);
    if (written === undefined || now?.sha256 !== written.sha256) changed.push(file);
  }
  return changed;
}

/** A folder can't be replaced by a file: found only when the files before it are in place, it would leave a mixture. */
async function rejectFolders(prefix: string): Promise<void> {
  for (const file of resultFiles(prefix)) {
    const info = await lstat(file).catch(() => null);
    if (info?.isDirectory() !== true) continue;
    throw new CommandError(`${file}: A folder is in the way. Move it, or set another --out.`);
  }
}

/** Without a result file, whatever has the name of a result is someone else's, unless it is empty. */
async function rejectForeign(prefix: string): Promise<void> {
  for (const file of resultFiles(prefix)) {
    const info = await lstat(file).catch(() => null);
    if (info !== null && !(info.isFile() && info.size === 0)) throw inTheWay(file);
  }
}

function consentFile(prefix: string): string {
  return `${prefix}.overwriting`;
}

async function readConsent(prefix: string): Promise<string | null> {
  return readFile(consentFile(prefix), 'utf8').catch(() => null);
}

function identityOf({ key, areaKey }: ResultIdentity, simplifyUm: number): string {
  return `${JSON.stringify({ key, areaKey, simplifyUm })}\n`;
}

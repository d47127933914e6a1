/** The file in which `segment` keeps slices until its results are written. */
import { lstatSync } from 'node:fs';
import type { SlicePlan } from '../segment/grid.ts';
import { openNodeSlices, type NodeSliceStore } from '../segment/node-slice-store.node.ts';
import { CommandError } from './command.ts';
import type { PlannedSegment } from './segment-plan.ts';
import { warn } from './terminal.ts';

/** Number of slices of a plan that are stored. */
export function storedCount(plan: SlicePlan, { store }: NodeSliceStore): number {
  return plan.slices.filter(({ column, row }) => store.has(column, row)).length;
}

/**
 * Opens the file that stores slices. Changes an existing file only with --resume or --overwrite.
 * @throws CommandError when an existing file needs one of these options, or belongs to another run.
 */
export function openSlices(
  path: string,
  { key, plan }: PlannedSegment,
  call: { readonly resume?: boolean; readonly overwrite?: boolean },
  label = '',
): NodeSliceStore {
  const open = (mode: 'create' | 'resume' | 'read'): NodeSliceStore | null =>
    openNodeSlices(path, key, plan.marginPx, mode);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === false) {
    throw new CommandError(
      `${path}: A link, a folder or a device is in the way. Move it, or set another --out.`,
    );
  }
  const exists = found !== undefined && found.size > 0;
  if (exists && call.overwrite !== true) {
    const slices = open(call.resume === true ? 'resume' : 'read');
    if (slices === null) {
      throw new CommandError(
        `${path}: These slices have another slide, model or grid, the slide has changed, or an earlier version wrote them. ` +
          'Replace them with --overwrite, or set another --out.',
      );
    }
    if (call.resume === true) {
      if (slices.damaged > 0) {
        const places = slices.damaged === 1 ? 'place' : 'places';
        warn(`${path}: Damaged in ${slices.damaged} ${places}; slices that were there are computed again.`);
      }
      return slices;
    }
    const { size } = slices.store;
    slices.close();
    if (size > 0) {
      throw new CommandError(
        `${path}${label}: An unfinished run exists (${size} slices done). Continue with --resume, or start over with --overwrite.`,
      );
    }
  }
  if (found !== undefined && !exists && call.resume === true) {
    warn(
      `${path}${label}: This file of slices is empty: there is nothing to continue, so all slices are computed.`,
    );
  }
  const created = open('create');
  if (created === null) throw new Error(`${path}: Can't create the file of slices.`);
  return created;
}

/** The maps of a stored slice; null if the slide could not be read there. @throws CommandError if they are damaged. */
export function readStored(
  slices: NodeSliceStore,
  path: string,
  { column, row }: { readonly column: number; readonly row: number },
): ReturnType<NodeSliceStore['read']> {
  if (!slices.store.has(column, row)) return null;
  const maps = slices.read(column, row);
  if (maps !== null) return maps;
  throw new CommandError(
    `${path}: The slice at column ${column}, row ${row} is damaged. Run the command again with --resume.`,
  );
}

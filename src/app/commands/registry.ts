/** All commands: fixed ones, and one per demo slide and per model. */
import type { AppState } from '../state/state.ts';
import { compareCommands, paneCommands } from './compare-commands.ts';
import { annotationCommands } from './annotation-commands.ts';
import { exportCommands } from './export-commands.ts';
import { objectCommands, objectExportCommands } from './object-commands.ts';
import { interfaceCommands, undoCommands } from './interface-commands.ts';
import { overlayCommands } from './overlay-commands.ts';
import { projectCommands } from './project-commands.ts';
import { segmentCommands } from './segment-commands.ts';
import { demoCommands, modelCommands, slideCommands } from './slide-commands.ts';
import { toolCommands } from './tool-commands.ts';
import { viewCommands } from './view-commands.ts';
import type { Command } from './command.ts';

/** Of two commands with the same key, the first that is available has it. */
export const commands: readonly Command[] = [
  ...toolCommands,
  ...undoCommands,
  ...objectCommands,
  ...slideCommands,
  ...projectCommands,
  ...segmentCommands,
  ...overlayCommands,
  ...paneCommands,
  ...compareCommands,
  ...annotationCommands,
  ...exportCommands,
  ...objectExportCommands,
  ...viewCommands,
  ...interfaceCommands,
];

const byId = new Map(commands.map((command) => [command.id, command]));

/** @throws Error if there is no such command, which is a bug. */
export function commandById(id: string): Command {
  const command = byId.get(id);
  if (command === undefined) throw new Error(`Unknown command "${id}".`);
  return command;
}

/** Every command that the palette may list. */
export function allCommands(state: AppState): Command[] {
  // What lasts while a key is held can't be chosen from a list.
  const listed = commands.filter(({ release }) => release === undefined);
  return [...listed, ...demoCommands(state), ...modelCommands(state)];
}

/** `dualscope models`: the installed models, or all about one of them. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { terminalText } from '../base/terminal-text.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { AddCommand } from './command.ts';
import { classNames, manifestOf } from './model-folder.ts';
import { packageFolder } from './package-info.ts';
import { print, printJson, warn } from './terminal.ts';

/** Adds the command to the program. */
export const addModelsCommand: AddCommand = (program) => {
  program
    .command('models')
    .description(
      'List the installed models, or show all about one: what it is for, classes, figures, licence.',
    )
    .argument('[id]', 'id of a model in models/, or a model folder')
    .option('--json', 'print one JSON list; of one model, its manifest')
    .action(async (id: string | undefined, { json }: { readonly json?: boolean }) => {
      if (id !== undefined) {
        const manifest = await manifestOf(id);
        if (json === true) printJson(manifest, 2);
        else print(detail(manifest));
        return;
      }
      const manifests = await installed();
      if (json === true) printJson(manifests.map(entry), 2);
      else print(list(manifests));
    });
};

/** The models of this package, by id. Reports those that can't be read. */
async function installed(): Promise<ModelManifest[]> {
  const names = await readdir(join(packageFolder, 'models')).catch((): string[] => []);
  const found: ModelManifest[] = [];
  for (const name of names.sort()) {
    const manifest = await manifestOf(join(packageFolder, 'models', name)).catch((error: unknown) => {
      warn(error instanceof Error ? error.message : String(error));
      return null;
    });
    if (manifest !== null) found.push(manifest);
  }
  return found;
}

interface ModelRow {
  readonly id: string;
  readonly title: string;
  readonly organ: string | null;
  readonly stain: string | null;
  readonly umPerPx: number;
  readonly classes: readonly string[];
  /** On its held-out data; null where it was not measured. */
  readonly miou: number | null;
  readonly licence: string;
}

function entry(manifest: ModelManifest): ModelRow {
  const { id, title, specimen, slice, metrics, provenance } = manifest;
  return {
    id,
    title,
    organ: specimen?.organ ?? null,
    stain: specimen?.stain ?? null,
    umPerPx: slice.fieldUm / slice.sizePx,
    classes: classNames(manifest),
    miou: metrics?.miou ?? null,
    licence: provenance.licence,
  };
}

function list(manifests: readonly ModelManifest[]): string {
  if (manifests.length === 0) return 'No models are installed.\n';
  const head = ['id', 'for', 'µm/px', 'mIoU', 'classes'];
  const rows = manifests
    .map(entry)
    .map(({ id, organ, stain, umPerPx, miou, classes }) => [
      id,
      organ === null || organ === 'none' ? 'synthetic slides' : `${organ}, ${stain ?? 'stain not stated'}`,
      umPerPx.toFixed(2),
      miou === null ? '–' : miou.toFixed(2),
      classes.join(', '),
    ]);
  const lines = [head, ...rows].map((row) => row.map(terminalText));
  const widths = head.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  const text = lines.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${text.join('\n')}\n\nmIoU: on held-out data of each model, so not comparable between them. Research use only.\n`;
}

function detail(manifest: ModelManifest): string {
  const { id, title, description, intendedUse, metrics, provenance, domain } = manifest;
  const { organ, stain, umPerPx, classes } = entry(manifest);
  const facts: readonly (readonly [string, string])[] = [
    ['id', id],
    ['title', title],
    ['about', description],
    ['for', `${organ ?? 'organ not stated'}, ${stain ?? 'stain not stated'}, ${umPerPx.toFixed(2)} µm/px`],
    ['classes', classes.join(', ')],
    ['trained on', provenance.data],
    ['held out', metrics === null ? 'not measured' : `mIoU ${metrics.miou.toFixed(3)} on ${metrics.data}`],
    ['fit', domain === undefined ? 'not measured' : `statistics of ${domain.patients} patients`],
    ['use', intendedUse],
    ['licence', provenance.licence],
  ];
  return facts.map(([name, value]) => `${name.padEnd(12)}${terminalText(value)}\n`).join('');
}

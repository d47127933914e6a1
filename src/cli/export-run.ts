/** Writes a model in the format of `dualscope export`. Nothing is left behind when writing fails. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolder } from '../base/make-folder.node.ts';
import { lockOf, withOutputLock } from '../base/output-lock.node.ts';
import { replaceFile } from '../base/replace-file.node.ts';
import { fromFolder } from '../runtime/load-model.node.ts';
import { widenedModel } from '../runtime/graph/widen-model.ts';
import { readModelFiles } from '../runtime/model-files.ts';
import { exportOnnx } from '../runtime/onnx/export-onnx.ts';
import type { OnnxLayout, OnnxOpset } from '../runtime/onnx/onnx-model.ts';
import { toSafetensors } from '../runtime/safetensors.ts';
import { CommandError } from './command.ts';
import { modelFolder } from './model-folder.ts';
import { codeVersion } from './package-info.ts';
import { rejectTaken } from './taken-output.ts';

export type ExportFormat = 'onnx' | 'tfjs' | 'safetensors';

export interface ExportCall {
  /** Id of a model, or a model folder. */
  readonly model: string;
  readonly format: ExportFormat;
  /** A file; for `tfjs` a folder. */
  readonly out: string;
  /** Of ONNX's operators; 17 by default. */
  readonly opset?: OnnxOpset;
  /** Of the images and logits in ONNX; `nchw` by default. */
  readonly layout?: OnnxLayout;
  readonly overwrite?: boolean;
}

export interface ExportedFile {
  readonly model: string;
  readonly format: ExportFormat;
  readonly out: string;
  readonly bytes: number;
  /** Licence of the weights. */
  readonly licence: string;
  /** How the ONNX file was written; null for other formats. */
  readonly onnx: { readonly opset: OnnxOpset; readonly layout: OnnxLayout } | null;
}

/**
 * @throws CommandError when the model is unknown, or the output exists or can't be written; ModelError when the model
 * is damaged or has parts that this version can't read.
 */
export async function exportToFile(call: ExportCall): Promise<ExportedFile> {
  const { model, format, out, opset = 17, layout = 'nchw', overwrite = false } = call;
  const folder = modelFolder(model);
  if (!overwrite) await rejectTaken(out);
  if (resolve(out) === resolve(folder)) {
    throw new CommandError(`${out}: This is the model's own folder. Choose another --out.`);
  }
  const files = await readModelFiles(basename(folder), fromFolder(folder));
  const { manifest } = files;
  const producer = `Dualscope ${await codeVersion()}`;
  const bytes = await written(out, async () => {
    // Someone else may have written it since.
    if (!overwrite) await rejectTaken(out);
    if (format === 'tfjs') return copyModel(folder, out, await widenedModel(files));
    const data =
      format === 'onnx' ? exportOnnx(files, { opset, layout, producer }) : toSafetensors(files, producer);
    await replaceFile(out, data);
    return data.length;
  });
  return {
    model: manifest.id,
    format,
    out,
    bytes,
    licence: manifest.provenance.licence,
    onnx: format === 'onnx' ? { opset, layout } : null,
  };
}

/** Runs `write` in an existing folder, alone on that output. @throws CommandError when the file system refuses. */
async function written(out: string, write: () => Promise<number>): Promise<number> {
  try {
    await makeFolder(dirname(out));
    return await withOutputLock(lockOf(out), write);
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new CommandError(`${out}: Can't be written (${error.message}). Choose another --out.`);
  }
}

/**
 * Copies the files of a model's folder.
 * @param widened files to write in place of the model's own, and of all its weight shards; null for none.
 * @returns their bytes.
 */
async function copyModel(
  folder: string,
  out: string,
  widened: ReadonlyMap<string, Uint8Array<ArrayBuffer>> | null,
): Promise<number> {
  await makeFolder(out);
  let bytes = 0;
  const write = async (name: string, data: Uint8Array): Promise<void> => {
    await replaceFile(join(out, name), data);
    bytes += data.length;
  };
  for (const name of await readdir(folder)) {
    if (widened !== null && (widened.has(name) || name.startsWith('weights-'))) continue;
    if (!(await stat(join(folder, name))).isFile()) continue;
    await write(name, await readFile(join(folder, name)));
  }
  for (const [name, data] of widened ?? []) await write(name, data);
  return bytes;
}

/** `dualscope export`: a model in a format that other programs read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AddCommand } from './command.ts';
import type { ExportCall, ExportedFile, ExportFormat } from './export-run.ts';
import { terminalText } from '../base/terminal-text.ts';
import { print, printJson } from './terminal.ts';

const formats: readonly ExportFormat[] = ['onnx', 'tfjs', 'safetensors'];

type ExportOptions = ExportCall & { readonly json?: boolean };

/** Adds the command to the program. */
export const addExportCommand: AddCommand = (program) => {
  program
    .command('export')
    .description(
      'Write a model for other programs: one ONNX file (QuPath, OpenCV, ONNX Runtime), its TF.js folder, or its ' +
        'weights as safetensors. Research use only.',
    )
    .requiredOption('--model <id>', 'id of a model in models/, or a model folder')
    .addOption(new Option('--format <format>', 'what to write').choices(formats).makeOptionMandatory())
    .requiredOption('--out <file>', 'file to write; for tfjs, a folder')
    .option('--opset <n>', 'onnx: version of its operators, 17 or 18 (default: 17)', parseOpset)
    .addOption(
      new Option('--layout <axes>', 'onnx: order of the axes of images and logits (default: "nchw")').choices(
        ['nchw', 'nhwc'],
      ),
    )
    .option('--overwrite', 'replace an existing file')
    .option('--json', 'print one JSON object')
    .action(async ({ json, ...call }: ExportOptions, command: Command) => {
      for (const option of ['opset', 'layout'] as const) {
        if (call[option] === undefined || call.format === 'onnx') continue;
        command.error(`error: --${option} applies to --format onnx only.`, { exitCode: 2 });
      }
      const { exportToFile } = await import('./export-run.ts');
      const exported = await exportToFile(call);
      if (json === true) printJson(exported);
      else print(exportText(exported));
    });
};

/** @throws InvalidArgumentError for versions that are not written. */
function parseOpset(text: string): 17 | 18 {
  const opset = Number(text);
  if (opset === 17 || opset === 18) return opset;
  throw new InvalidArgumentError('Dualscope writes opset 17 (the more widely read) or 18.');
}

function exportText({ out, bytes, onnx, licence }: ExportedFile): string {
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  const form = onnx === null ? '' : `, opset ${String(onnx.opset)}, ${onnx.layout}`;
  return (
    `${terminalText(`${out}: ${size}${form}`)}\n` +
    `Licence of the weights: ${terminalText(licence)}\nResearch use only. Not a medical device, not for diagnosis.\n`
  );
}

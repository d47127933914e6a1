/** `dualscope dicom`: annotations or results of a DICOM slide as DICOM files. */
import { Option, type Command } from 'commander';
import { terminalText } from '../base/terminal-text.ts';
import type { AddCommand } from './command.ts';
import type { DicomCall, DicomKind } from './dicom-run.ts';
import { parseMpp } from './options.ts';
import { print, printJson } from './terminal.ts';

const kinds: readonly DicomKind[] = ['seg', 'ann'];

type DicomOptions = DicomCall & { readonly json?: boolean };

/** Adds the command to the program. */
export const addDicomCommand: AddCommand = (program) => {
  program
    .command('dicom')
    .description(
      'Write annotations of a DICOM slide, or the polygons of dualscope segment, as a DICOM segmentation (SEG) or as ' +
        'bulk annotations (ANN) that refer to it. Research use only.',
    )
    .argument('<file...>', 'all files of the DICOM slide, or their folder')
    .requiredOption('--annotations <file>', 'annotations of any format that the app reads')
    .addOption(new Option('--format <format>', 'what to write').choices(kinds).makeOptionMandatory())
    .requiredOption('--out <file>', 'file to write')
    .option('--um-per-px <um>', 'seg: µm per pixel (default: 1, or the slide’s if that is coarser)', parseMpp)
    .option('--algorithm <name>', 'what made them, for example the model; without it, they are called manual')
    .option('--overwrite', 'replace an existing file')
    .option('--json', 'print one JSON object')
    .action(async (files: string[], { json, ...call }: DicomOptions, command: Command) => {
      if (call.umPerPx !== undefined && call.format !== 'seg')
        command.error('error: --um-per-px applies to --format seg only.', { exitCode: 2 });
      const { openFromCommandLine } = await import('./slide.ts');
      const { writeDicom } = await import('./dicom-run.ts');
      const slide = await openFromCommandLine(files);
      try {
        const written = await writeDicom(slide.metadata, call);
        if (json === true) printJson(written);
        else {
          const { out, bytes, regions, classes } = written;
          print(
            `${terminalText(`${out}: ${(bytes / 1e6).toFixed(1)} MB, ${String(regions)} regions of ${classes.join(', ')}`)}\n` +
              'Research use only. Not a medical device, not for diagnosis.\n',
          );
        }
      } finally {
        slide.close();
      }
    });
};

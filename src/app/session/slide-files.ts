/** Which of the files that a user picked or dropped belong together as one slide. */

export interface SlideFiles<F> {
  readonly title: string;
  readonly files: readonly F[];
}

/**
 * A DICOM series is one slide in many files; every other file is a slide by itself. DICOM files are known
 * by their content: many come without an extension.
 * @returns slides in the order in which their first files came.
 */
export async function groupSlideFiles<F extends Blob & { readonly name: string }>(
  files: readonly F[],
): Promise<SlideFiles<F>[]> {
  const marked = await Promise.all(files.map(isDicom));
  const dicom = files.filter((_, i) => marked[i]);
  const groups: SlideFiles<F>[] = [];
  for (const file of files) {
    if (!dicom.includes(file)) groups.push({ title: file.name, files: [file] });
    else if (file === dicom[0]) {
      const rest = dicom.length - 1;
      groups.push({ title: rest === 0 ? file.name : `${file.name} and ${rest} more`, files: dicom });
    }
  }
  return groups;
}

/** The mark behind the preamble of 128 bytes (PS3.10). A file that can't be read is for the reader to refuse. */
async function isDicom(file: Blob): Promise<boolean> {
  return file
    .slice(128, 132)
    .text()
    .then(
      (mark) => mark === 'DICM',
      () => false,
    );
}

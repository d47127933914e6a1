/** Which of the files that a user picked or dropped belong together as one slide. */

export interface SlideFiles<F> {
  readonly title: string;
  readonly files: readonly F[];
}

/**
 * A DICOM series is one slide in many files; every other file is a slide by itself.
 * @returns slides in the order in which their first files came.
 */
export function groupSlideFiles<F extends { readonly name: string }>(files: readonly F[]): SlideFiles<F>[] {
  const dicom = files.filter((file) => isDicom(file.name));
  const groups: SlideFiles<F>[] = [];
  for (const file of files) {
    if (!isDicom(file.name)) groups.push({ title: file.name, files: [file] });
    else if (file === dicom[0]) {
      const rest = dicom.length - 1;
      groups.push({ title: rest === 0 ? file.name : `${file.name} and ${rest} more`, files: dicom });
    }
  }
  return groups;
}

function isDicom(name: string): boolean {
  return /\.(dcm|dicom)$/i.test(name);
}

/** Which of the user's files are slides, and which files belong together. */
import { dicomStartBytes, isDicomStart } from '../../base/dicom-start.ts';
import { isSlideName, slideSets } from '../../base/slide-sets.ts';

/** A file and its place, as `ChosenFile`. */
interface Chosen {
  readonly file: Blob;
  readonly path: string;
}

export interface SlideFiles<F> {
  readonly title: string;
  readonly files: readonly F[];
}

/**
 * Groups files into slides: sets of files by their names; the DICOM files of each folder as one slide; every other file as a
 * slide of its own. DICOM files are recognised by content, because many have no extension. Of a folder's other files only those count
 * that are slides or images by name.
 * @returns slides in the order of their first files
 */
export async function groupSlideFiles<F extends Chosen>(chosen: readonly F[]): Promise<SlideFiles<F>[]> {
  const { sets, others } = slideSets(chosen);
  const isDicomFile = await Promise.all(others.map(({ file }) => isDicom(file)));
  const groups: SlideFiles<F>[] = [...sets];
  const dicom = new Map<string, F[]>();
  others.forEach((file, i) => {
    if (isDicomFile[i] !== true) return;
    const folder = file.path.slice(0, Math.max(0, file.path.lastIndexOf('/')));
    const slide = dicom.get(folder);
    if (slide === undefined) dicom.set(folder, [file]);
    else slide.push(file);
  });
  for (const [folder, files] of dicom) {
    const rest = files.length - 1;
    const name = nameOf(files[0]?.path ?? '');
    // Of several slides, the folders tell them apart: their files often have the same names.
    const title = dicom.size > 1 && folder !== '' ? nameOf(folder) : name;
    groups.push({ title: title !== name || rest === 0 ? title : `${name} and ${rest} more`, files });
  }
  for (const [i, file] of others.entries()) {
    const name = nameOf(file.path);
    const counts = name === file.path || isSlideName(name) || imageName.test(name);
    if (isDicomFile[i] !== true && counts) groups.push({ title: name, files: [file] });
  }
  const order = new Map(chosen.map((file, i) => [file, i]));
  const place = ({ files: [one] }: SlideFiles<F>): number => (one === undefined ? 0 : (order.get(one) ?? 0));
  return groups.sort((a, b) => place(a) - place(b));
}

const imageName = /\.(?:jpe?g|png|webp)$/i;

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** False for unreadable files, which the reader reports. */
async function isDicom(file: Blob): Promise<boolean> {
  return file
    .slice(0, dicomStartBytes)
    .arrayBuffer()
    .then(
      (head) => isDicomStart(new Uint8Array(head)),
      () => false,
    );
}

/** Which files are annotations, before they are read: by name, or by their first bytes. */

/** Masks go by their names, so that dropping an image opens it as a slide. */
const maskName = /(?:^|[-_. ])(?:masks?|truth|annotations?|classes)\.(?:png|tiff?)$/i;

/** Whether a file's name suggests annotations, so that dropping it does not open it as a slide. */
export function isAnnotationName(name: string): boolean {
  return /\.(xml|annotations|ndpa|geojson|json)(\.gz)?$/i.test(name) || maskName.test(name);
}

/** DICOM storage classes (PS3.4 B.5) that are annotations. */
export const annotationStorage = {
  segmentation: '1.2.840.10008.5.1.4.1.1.66.4',
  labelMap: '1.2.840.10008.5.1.4.1.1.66.7',
  bulkAnnotations: '1.2.840.10008.5.1.4.1.1.91.1',
} as const;

/** Bytes by which `isDicomAnnotation` goes. */
export const dicomHeadBytes = 1024;

/** Whether a file that begins with these bytes is a DICOM segmentation or bulk annotation: its header names the class. */
export function isDicomAnnotation(head: Uint8Array): boolean {
  const text = new TextDecoder('latin1').decode(head.subarray(0, dicomHeadBytes));
  if (text.slice(128, 132) !== 'DICM') return false;
  return Object.values(annotationStorage).some((uid) =>
    new RegExp(`${uid.replaceAll('.', '\\.')}(?![.\\d])`).test(text),
  );
}

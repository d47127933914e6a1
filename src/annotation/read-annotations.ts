/** Annotation files of any known format, recognised by content. */
import { AnnotationError, type AnnotationFile } from './annotation-file.ts';
import { readAsap } from './read-asap.ts';
import { readGeoJson } from './read-geojson.ts';
import { readImageScopeFile } from './read-imagescope.ts';

/**
 * Reads ImageScope XML, ASAP XML or GeoJSON.
 * @param name the file's name, for messages; its extension does not matter.
 * @throws AnnotationError naming the file, the problem (and the region), and the remedy.
 */
export function readAnnotations(text: string, name: string): AnnotationFile {
  // A byte order mark is not part of the text.
  const body = text.replace(/^\uFEFF/, '');
  const first = body.trimStart()[0];
  if (first === '{' || first === '[') return readGeoJson(body, name);
  if (first === '<') {
    return /<ASAP_Annotations\b/.test(body) ? readAsap(body, name) : readImageScopeFile(body, name);
  }
  throw new AnnotationError(
    name,
    'It is neither XML nor JSON.',
    'Choose annotations of ImageScope (XML), ASAP (XML) or QuPath (GeoJSON).',
  );
}

/** Whether a file's name suggests annotations, so that dropping it does not open it as a slide. */
export function isAnnotationName(name: string): boolean {
  return /\.(xml|annotations|geojson|json)$/i.test(name);
}

/** Annotation files of any known format, recognised by content. */
import { AnnotationError, type AnnotatedSlide, type AnnotationFile } from './annotation-file.ts';
import { parseAnnotationJson } from './annotation-json.ts';
import { readAsap } from './read-asap.ts';
import { isCoco, readCoco } from './read-coco.ts';
import { isDarwin, readDarwin } from './read-darwin.ts';
import { isDsa, readDsa } from './read-dsa.ts';
import { geoJsonRegions } from './read-geojson.ts';
import { readImageScopeFile } from './read-imagescope.ts';
import { isNdpa, readNdpa } from './read-ndpa.ts';
import { matchedToSlide } from './slide-match.ts';

/**
 * Reads a text: ImageScope or HALO XML, ASAP XML, NDPA, GeoJSON, COCO, the Digital Slide Archive's JSON or Darwin JSON.
 * @param name the file's name, for messages; its extension does not matter.
 * @param slide on which the annotations should be; without it, nothing is said of its place, and formats that count from the
 *   slide's centre are refused.
 * @throws AnnotationError naming the file, the problem (and the region), and the remedy.
 */
export function readAnnotations(
  text: string,
  name: string,
  slide: AnnotatedSlide | null = null,
): AnnotationFile {
  // A byte order mark is not part of the text.
  return matchedToSlide(readText(text.replace(/^\uFEFF/, ''), name, slide), slide);
}

function readText(text: string, name: string, slide: AnnotatedSlide | null): AnnotationFile {
  const first = text.trimStart()[0];
  if (first === '{' || first === '[') return readJson(parseAnnotationJson(text, name), name, slide);
  if (first === '<') {
    if (/<ASAP_Annotations\b/.test(text)) return readAsap(text, name);
    return isNdpa(text) ? readNdpa(text, name, slide) : readImageScopeFile(text, name);
  }
  throw new AnnotationError(
    name,
    'It is neither XML nor JSON.',
    'Choose annotations of ImageScope, HALO, ASAP or NDP.view (XML), of QuPath (GeoJSON), COCO, HistomicsUI or V7 Darwin (JSON), a mask (PNG, TIFF), or DICOM SEG or ANN.',
  );
}

function readJson(json: unknown, name: string, slide: AnnotatedSlide | null): AnnotationFile {
  if (isCoco(json)) return readCoco(json, name, slide);
  if (isDarwin(json)) return readDarwin(json, name, slide);
  return isDsa(json) ? readDsa(json, name) : geoJsonRegions(json, name);
}

/** XML reading shared by the annotation formats. */
import { attribute, parseXml as parseAnyXml, XmlError, type XmlNode } from '../base/xml.ts';
import { AnnotationError } from './annotation-file.ts';

export { attribute, nodeOf, nodesOf, type XmlNode } from '../base/xml.ts';

/**
 * An annotation file's document.
 * @param lists names of elements that may occur several times.
 * @throws AnnotationError when the text is not well-formed XML, or XML that is not read (`base/xml.ts`).
 */
export function parseXml(xml: string, file: string, lists: readonly string[], remedy: string): XmlNode {
  try {
    return parseAnyXml(xml, { lists, strict: true });
  } catch (error) {
    if (error instanceof XmlError) throw new AnnotationError(file, error.message, remedy);
    throw error;
  }
}

/** An attribute as a number; NaN when it is absent or not a number. */
export function coordinate(node: XmlNode, name: string): number {
  const value = attribute(node, name).trim();
  return value === '' ? Number.NaN : Number(value);
}

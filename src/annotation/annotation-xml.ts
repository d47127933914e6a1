/** XML reading shared by the annotation formats. */
import { attribute, nodeOf, parseXml as parseAnyXml, textOf, XmlError, type XmlNode } from '../base/xml.ts';
import { AnnotationError } from './annotation-file.ts';

export { attribute, nodeOf, nodesOf, textOf, type XmlNode } from '../base/xml.ts';

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
  return writtenNumber(attribute(node, name));
}

/** The text of a child element as a number; NaN when it is absent or not a number. */
export function childNumber(node: XmlNode, name: string): number {
  return writtenNumber(childText(node, name));
}

/** The text of a child element, which may have attributes; empty when absent. */
export function childText(node: XmlNode, name: string): string {
  const value = node[name];
  return textOf(typeof value === 'string' ? value : nodeOf(value)['#text']);
}

/** A whole text as a number. Programs write the decimal comma of the computer's language. */
function writtenNumber(text: string): number {
  const plain = text.trim();
  if (plain === '') return Number.NaN;
  return Number(/^[+-]?\d*,\d+(?:e[+-]?\d+)?$/i.test(plain) ? plain.replace(',', '.') : plain);
}

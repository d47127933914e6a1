/** XML reading shared by the annotation formats. Nothing outside the text is ever read. */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { AnnotationError } from './annotation-file.ts';

export type XmlNode = Readonly<Record<string, unknown>>;

/**
 * The document as plain objects: attributes and elements by name. Entities stay as written, except XML's own
 * five (`attribute`). A document type is rejected, because it could define more.
 * @param lists names of elements that may occur several times.
 * @throws AnnotationError when the text is not well-formed XML.
 */
export function parseXml(xml: string, file: string, lists: readonly string[], remedy: string): XmlNode {
  if (/<!DOCTYPE|<!ENTITY/i.test(xml)) {
    throw new AnnotationError(
      file,
      'The XML has a document type declaration, which is not supported.',
      remedy,
    );
  }
  const valid = XMLValidator.validate(xml);
  if (valid !== true) {
    throw new AnnotationError(file, `It is not well-formed XML: ${valid.err.msg}`, remedy);
  }
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseAttributeValue: false,
    processEntities: false,
    isArray: (name) => lists.includes(name),
  });
  return parser.parse(xml) as XmlNode;
}

function isNode(value: unknown): value is XmlNode {
  return typeof value === 'object' && value !== null;
}

export function nodeOf(value: unknown): XmlNode {
  return isNode(value) ? value : {};
}

/** The elements of one name: none, one or many. */
export function nodesOf(value: unknown): XmlNode[] {
  return (Array.isArray(value) ? value : [value]).filter(isNode);
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** An attribute's text, with XML's five entities resolved; empty when absent. */
export function attribute(node: XmlNode, name: string): string {
  const value = node[name];
  if (typeof value !== 'string') return '';
  return value.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => entities[entity]!);
}

/** An attribute as a number; NaN when it is absent or not a number. */
export function coordinate(node: XmlNode, name: string): number {
  const value = attribute(node, name).trim();
  return value === '' ? Number.NaN : Number(value);
}

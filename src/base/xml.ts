/** Reads untrusted XML into plain objects. Nothing outside the text is ever read, and its entities are never expanded. */
import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** An element: attributes and child elements by name; a name that occurs several times has a list. */
export type XmlNode = Readonly<Record<string, unknown>>;

/** Why a text cannot be read: a sentence, for the caller to complete with the file's name and a remedy. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

export interface XmlOptions {
  /** Names of elements that are lists even where they occur once. */
  readonly lists?: readonly string[];
  /** Drops the prefixes of namespaces; false by default. */
  readonly removePrefixes?: boolean;
  /** Rejects what is not well-formed, instead of reading as much as possible; false by default. */
  readonly strict?: boolean;
}

/** Elements within elements: formats here have fewer than twenty. */
const maxDepth = 100;

/** Memory that the parser takes at most, in bytes, measured: per element, per attribute, per character of the text. */
const elementBytes = 400;
const attributeBytes = 800;
const characterBytes = 2;

const openings = '<'.charCodeAt(0);
const equals = '='.charCodeAt(0);

/** Memory that `parseXml` may take for a text, in bytes. Closing tags count too, so it overestimates. */
export function xmlCost(text: string): number {
  let elements = 0;
  let attributes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === openings) elements++;
    else if (code === equals) attributes++;
  }
  return elements * elementBytes + attributes * attributeBytes + text.length * characterBytes;
}

/**
 * The document as plain objects. Values are text, unchanged: `attribute` and `unescapeXml` resolve what is escaped.
 * @throws XmlError for a text that is not XML, is nested too deeply, has a document type (which could define entities), or
 * names that objects inherit (`__proto__`).
 */
export function parseXml(text: string, options: XmlOptions = {}): XmlNode {
  const { lists = [], removePrefixes = false, strict = false } = options;
  if (/<!DOCTYPE|<!ENTITY/i.test(text)) {
    throw new XmlError('The XML has a document type declaration, which is not supported.');
  }
  if (strict) {
    const valid = XMLValidator.validate(text);
    if (valid !== true) throw new XmlError(`It is not well-formed XML: ${plainSentence(valid.err.msg)}`);
  }
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseAttributeValue: false,
    parseTagValue: false,
    processEntities: false,
    removeNSPrefix: removePrefixes,
    maxNestedTags: maxDepth,
    isArray: (name) => lists.includes(name),
  });
  try {
    return nodeOf(parser.parse(text));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : '';
    const problem = /nested/i.test(reason)
      ? `Its elements are nested more than ${maxDepth} deep.`
      : /reserved/i.test(reason)
        ? 'An element or attribute has a name that is not allowed, such as __proto__.'
        : `It is not well-formed XML: ${plainSentence(reason)}`;
    throw new XmlError(problem, { cause });
  }
}

/** The parser's message, short enough to show: it may quote the whole text. */
function plainSentence(message: string): string {
  const short = message.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, 120);
  return short.length < message.length || !short.endsWith('.') ? `${short.replace(/\.$/, '')}.` : short;
}

/** The value as an element; an empty one where it is none. */
export function nodeOf(value: unknown): XmlNode {
  return isNode(value) ? value : {};
}

/** The elements of one name: none, one or many. */
export function nodesOf(value: unknown): XmlNode[] {
  return (Array.isArray(value) ? value : [value]).filter(isNode);
}

function isNode(value: unknown): value is XmlNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** A value's text with XML's five entities and its character references resolved. */
export function unescapeXml(text: string): string {
  return text.replace(/&(?:(lt|gt|quot|apos|amp)|#(\d{1,7})|#x([0-9a-f]{1,6}));/gi, (whole, ...groups) => {
    const [entity, decimal, hexadecimal] = groups as (string | undefined)[];
    if (entity !== undefined) return entities[entity] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The text of an element without attributes, or of an attribute's value: unescaped and trimmed; empty for anything else. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? unescapeXml(value).trim() : '';

/** An attribute's text, unescaped; empty when absent. */
export function attribute(node: XmlNode, name: string): string {
  const value = node[name];
  return typeof value === 'string' ? unescapeXml(value) : '';
}

/** JSON shared by the annotation formats: what programs write that JSON does not have, and values of unknown kinds. */
import { AnnotationError } from './annotation-file.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The value of a text. NaN and Infinity (QuPath to 0.4, Python), which JSON does not have, become null.
 * @param file the file's name, for messages.
 * @throws AnnotationError when it is not JSON.
 */
export function parseAnnotationJson(text: string, file: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new AnnotationError(file, 'It is not JSON.', 'Copy or export it again: it may be cut off.', {
      cause,
    });
  }
}

/** @throws SyntaxError */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (token) =>
      token.startsWith('"') ? token : 'null',
    );
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value's own members; an empty object where it has none. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** A list; an empty one for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** A text, or a number as text; empty for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
}

/** A number; NaN for anything else. */
export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : NaN;
}

/** `#rrggbb` of a colour as CSS writes it: #rgb, #rrggbb, rgb(…), rgba(…); null for anything else. */
export function cssColour(value: unknown): string | null {
  const text = textOf(value).slice(0, 100).toLowerCase();
  if (/^#[0-9a-f]{6}(?:[0-9a-f]{2})?$/.test(text)) return text.slice(0, 7);
  if (/^#[0-9a-f]{3}$/.test(text)) return `#${[...text.slice(1)].map((digit) => digit + digit).join('')}`;
  const channels = /^rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*[,)]/.exec(text)?.slice(1, 4);
  if (channels === undefined || channels.some((each) => Number(each) > 255)) return null;
  return hexColour(channels.map(Number));
}

/** @param channels red, green, blue, 0 to 255. */
export function hexColour(channels: readonly number[]): string {
  return `#${channels
    .slice(0, 3)
    .map((channel) => (channel & 255).toString(16).padStart(2, '0'))
    .join('')}`;
}

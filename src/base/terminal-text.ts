/**
 * Text from files for terminals and logs. Escape sequences in a slide's name could recolour, overwrite or forge lines; a
 * line break could add one; marks of writing direction could show one name for another. All are shown as codes. Pure.
 */

/** Control characters, separators of lines, marks of direction, invisible tags, and halves of surrogate pairs. */
const unsafe =
  /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** One line of text, from anywhere: a name, a title, a message. What could act on a terminal is written as its code. */
export function terminalText(text: string): string {
  return text.replace(unsafe, code);
}

/** Lines whose values `terminalText` has gone through already: only line breaks act. */
export function terminalLines(text: string): string {
  return text.replace(unsafe, (letter) => (letter === '\n' ? letter : code(letter)));
}

/** JSON that a terminal shows as it is: the same value, with escapes within its strings. */
export function terminalJson(value: unknown, space?: number): string {
  return JSON.stringify(value, null, space).replace(unsafe, (letter) =>
    letter === '\n'
      ? letter
      : Array.from({ length: letter.length }, (_, i) => unit(letter.charCodeAt(i))).join(''),
  );
}

/** `\x1b`, `\u202e`; a byte that was no UTF-8 (`textOfPath`) as that byte. */
function code(letter: string): string {
  const value = letter.codePointAt(0) ?? 0;
  if (value >= 0xdc80 && value <= 0xdcff) return `\\x${(value - 0xdc00).toString(16)}`;
  if (value > 0xffff) return `\\u{${value.toString(16)}}`;
  if (value > 0xff) return unit(value);
  return named[letter] ?? `\\x${value.toString(16).padStart(2, '0')}`;
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const unit = (value: number): string => `\\u${value.toString(16).padStart(4, '0')}`;

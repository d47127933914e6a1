/** Words for a shell, as a person may copy them from a log. Pure. */
import { bytesOfPath } from './path-bytes.ts';
import { terminalText } from './terminal-text.ts';

/**
 * One word that bash and zsh read back as exactly this text. Control characters are written as codes, so that a line of a
 * log stays a line.
 */
export function shellWord(text: string): string {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text)) return text;
  if (terminalText(text) === text) return `'${text.replaceAll("'", "'\\''")}'`;
  const letters = Array.from(text, (letter) =>
    terminalText(letter) === letter ? letter.replace(/['\\]/, '\\$&') : octets(letter),
  );
  return `$'${letters.join('')}'`;
}

/** In octal: unlike hexadecimal, three digits always end it. */
function octets(letter: string): string {
  return Array.from(bytesOfPath(letter), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

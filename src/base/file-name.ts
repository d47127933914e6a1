/** Names of the files that we write, from names that others gave. Pure. */
import { crc32 } from './crc32.ts';
import { bytesOfPath } from './path-bytes.ts';
import { terminalText } from './terminal-text.ts';

/** Bytes of a name: file systems allow 255, and endings follow. */
const mostBytes = 120;

/** What some file system forbids or a shell takes for an option, and a per cent sign that looks like a code of ours. */
const forbidden = /[/\\:*?"<>|]|^[.-]|%(?=[0-9A-F]{2})/g;
/** Names that Windows keeps for devices, whatever follows the first dot. */
const device = /^(?=(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$))./i;

/**
 * A name that every file system takes and that stays in its folder. Other characters are written as in URLs (`%2F`).
 * Different names give different results; long ones are cut, and end in a checksum. An empty one becomes `slide`.
 * @param text a slide's or a model's name, never a path
 */
export function safeFileName(text: string): string {
  const name = Array.from(text.replace(forbidden, percent), (letter) =>
    terminalText(letter) === letter ? letter : percent(letter),
  )
    .join('')
    .replace(device, percent);
  if (name === '') return 'slide';
  return bytesOfPath(name).length <= mostBytes ? name : shortened(name);
}

/** The name of a slide without its last extension, as the name of its results. */
export function fileStem(slideName: string): string {
  return safeFileName(slideName.replace(/(?<=.)\.[^.]+$/s, ''));
}

function percent(letter: string): string {
  return Array.from(
    bytesOfPath(letter),
    (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

function shortened(name: string): string {
  const ending = `~${crc32(bytesOfPath(name)).toString(16).padStart(8, '0')}`;
  let start = '';
  let bytes = ending.length;
  for (const letter of name) {
    bytes += bytesOfPath(letter).length;
    if (bytes > mostBytes) break;
    start += letter;
  }
  return start + ending;
}

/** Paths of files as parts of URLs. Pure. */
import { bytesOfPath } from './path-bytes.ts';

/** A relative path, with everything but letters, digits and `-._~` as codes; slashes stay. */
export function urlPath(path: string): string {
  return path.split('/').map(urlSegment).join('/');
}

function urlSegment(name: string): string {
  return Array.from(bytesOfPath(name), (byte) => {
    const letter = String.fromCharCode(byte);
    return /[A-Za-z0-9._~-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

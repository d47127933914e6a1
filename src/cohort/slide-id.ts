/** The name of a slide's folder, log and row within a cohort. */

/** Whether a slide is read over the network. */
export function isUrl(source: string): boolean {
  return /^https?:\/\//.test(source);
}

/** The last part of a path or URL, decoded: the slide's name for display. */
export function slideName(source: string): string {
  const path = isUrl(source) ? source.replace(/[?#].*$/, '') : source;
  const last = path.replace(/[/\\]+$/, '').replace(/^.*[/\\]/, '');
  if (!isUrl(source)) return last || source;
  try {
    return decodeURIComponent(last) || source;
  } catch {
    return last || source;
  }
}

/**
 * Letters, digits, dots, dashes and underscores: the slide's name without its extension, and eight hex digits
 * of the SHA-256 of `place`. Adding a slide to the cohort never changes the ids of the others.
 * @param place the slide's location within the cohort: a URL, or a path relative to the given folder.
 */
export async function slideId(place: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(place));
  const tail = Array.from(new Uint8Array(digest).subarray(0, 4), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  const stem = slideName(place)
    .replace(/\.[^.]+$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 60);
  return `${stem === '' ? 'slide' : stem}-${tail}`;
}

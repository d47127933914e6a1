/** What URLs are called in messages. */

/** The last part of a URL's path, decoded. */
export function nameOfUrl(url: string): string {
  const path = url.replace(/[?#].*$/, '').replace(/\/+$/, '');
  const last = path.slice(path.lastIndexOf('/') + 1) || url;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** The URL without what may be secret: name and password, query, fragment. */
export function shownUrl(url: string): string {
  return url.replace(/[?#].*$/, '').replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1');
}

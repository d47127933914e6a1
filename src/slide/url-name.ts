/** How messages name URLs. */

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

/** The URL without its secret parts: name and password, query, fragment. */
export function shownUrl(url: string): string {
  return url.replace(/[?#].*$/, '').replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1');
}

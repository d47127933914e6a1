/**
 * Which names the local server answers to. A page elsewhere can point its own name at this machine (DNS rebinding) and
 * would then read slides as its own; the browser still sends that page's name as the host, so unknown names are refused.
 */

/** Names that always mean this machine: DNS never resolves them. */
const localNames = /^(?:localhost|127\.0\.0\.1|\[::1\]|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.localhost)$/;

/** Addresses that mean "every address": a server listens on them, but no page has them as its host. */
const wildcards = new Set(['0.0.0.0', '[::]']);

/**
 * A host name or address as URLs write it: lower case, IPv6 in brackets, without port and final dot.
 * @param {string} text `Slides.Example.org`, `slides.example.org:4173`, `::1`, `[::1]:4173`
 * @returns {string | null} null if it is none
 */
export function hostName(text) {
  // An IPv6 address without its brackets has no port.
  const authority = /^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*$/i.test(text) ? `[${text}]` : text;
  if (!/^(?:\[[0-9a-f:.]+\]|[^\s/?#@:[\]\\]+)(?::\d{1,5})?$/i.test(authority)) return null;
  if (!URL.canParse(`http://${authority}/`)) return null;
  return new URL(`http://${authority}/`).hostname.replace(/\.$/, '') || null;
}

/**
 * @param {string} address what the server listens on; answered too, unless it is a wildcard
 * @param {readonly string[]} allowed further names, as `hostName` returns them
 * @returns {readonly string[]} names to answer to, besides those of this machine
 */
export function namesOf(address, allowed) {
  const own = hostName(address);
  return own === null || wildcards.has(own) ? allowed : [own, ...allowed];
}

/**
 * @param {string | undefined} host a request's Host header
 * @param {readonly string[]} names further names to answer to, as `hostName` returns them
 */
export function isAnswered(host, names) {
  const name = hostName(host ?? '');
  return name !== null && (localNames.test(name) || names.includes(name));
}

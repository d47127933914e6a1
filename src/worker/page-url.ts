/** Addresses that a worker gets: resolved in the page, because the worker's own script lies elsewhere. */
import type { SlideInput } from './protocol.ts';

/** `input` with its URL, if it has one, resolved against the page's address. */
export function absoluteInput(input: SlideInput): SlideInput {
  return input.kind === 'url' ? { kind: 'url', url: absoluteUrl(input.url) } : input;
}

/** `url` resolved against the page's address. */
export function absoluteUrl(url: string): string {
  return new URL(url, document.baseURI).href;
}

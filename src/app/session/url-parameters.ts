/** The page's address as input: which slide, model and backend to start with. */
import type { BackendName } from '../../worker/protocol.ts';
import { parseAddress } from '../navigate/view-address.ts';
import type { ViewAddress } from '../navigate/view-address.ts';

export interface UrlParameters {
  /** Address of a slide, as given; null when absent. `none` opens the page without a slide. */
  readonly slide: string | null;
  readonly model: string | null;
  readonly backend: BackendName | null;
  /** The view to begin with. */
  readonly at: ViewAddress | null;
}

const backends: readonly string[] = ['webgpu', 'webgl', 'wasm', 'cpu'] satisfies BackendName[];

/** @param search as in `location.search`. A backend of another name is ignored. */
export function parseUrlParameters(search: string): UrlParameters {
  const parameters = new URLSearchParams(search);
  const backend = parameters.get('backend');
  return {
    slide: textOrNull(parameters.get('slide')),
    model: textOrNull(parameters.get('model')),
    at: parseAddress(parameters.get('at')),
    backend: backend !== null && backends.includes(backend) ? (backend as BackendName) : null,
  };
}

function textOrNull(text: string | null): string | null {
  return text === '' ? null : text;
}

/**
 * `search` with slide and model replaced. A local file has no address: `slide` null takes the parameter
 * away, so that nothing in the address names a file of the user's.
 */
export function withSlideAndModel(search: string, slide: string | null, model: string | null): string {
  const parameters = new URLSearchParams(search);
  // A place on one slide says nothing about another.
  if (parameters.get('slide') !== slide) parameters.delete('at');
  if (slide === null) parameters.delete('slide');
  else parameters.set('slide', slide);
  if (model === null) parameters.delete('model');
  else parameters.set('model', model);
  // Slashes and commas need no escape in a query, and the address reads better without.
  const text = parameters.toString().replaceAll('%2F', '/').replaceAll('%2C', ',');
  return text === '' ? '' : `?${text}`;
}

/** The last part of an address's path, decoded: what to call the slide. */
export function fileNameOf(url: string): string {
  const path = url.split(/[?#]/)[0] ?? url;
  const last = path.split('/').filter(Boolean).at(-1) ?? url;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

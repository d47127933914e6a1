/** The page's URL parameters: slide, model, backend and view to start with. */
import type { BackendName } from '../../worker/protocol.ts';
import { parseAddress } from '../navigate/view-address.ts';
import type { ViewAddress } from '../navigate/view-address.ts';

export interface UrlParameters {
  /** URL of a slide, as given; null if absent. `none` opens the page without a slide. */
  readonly slide: string | null;
  readonly model: string | null;
  readonly backend: BackendName | null;
  /** Which channels to show and how (`channelViewText`). */
  readonly channels: string | null;
  /** The initial view. */
  readonly at: ViewAddress | null;
  /** What of it can't be read, in sentences. */
  readonly problems: readonly string[];
}

const backends: readonly string[] = ['webgpu', 'webgl', 'wasm', 'cpu'] satisfies BackendName[];

/** Leaves out what can't be read, and says so. @param search as in `location.search` */
export function parseUrlParameters(search: string): UrlParameters {
  const parameters = new URLSearchParams(search);
  const problems: string[] = [];
  const slide = textOrNull(parameters.get('slide'));
  const isAddress = slide === null || isWebAddress(slide);
  if (!isAddress)
    problems.push(`"${slide}" in the URL is not the address of a slide on the web; none was opened.`);
  const backend = textOrNull(parameters.get('backend'));
  const isBackend = backend === null || backends.includes(backend);
  if (!isBackend) problems.push(`Unknown backend "${backend}" in the URL; default used.`);
  const position = textOrNull(parameters.get('at'));
  const at = parseAddress(position);
  if (position !== null && at === null) {
    problems.push("The position in the URL can't be read; the whole slide is shown.");
  }
  return {
    slide: isAddress ? slide : 'none',
    model: textOrNull(parameters.get('model')),
    at,
    channels: textOrNull(parameters.get('channels')),
    backend: isBackend ? (backend as BackendName | null) : null,
    problems,
  };
}

/** Whether the page could read it: no `javascript:`, no `file:`. Relative ones are. */
function isWebAddress(address: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(address, 'http://localhost/').protocol);
  } catch {
    return false;
  }
}

function textOrNull(text: string | null): string | null {
  return text === '' ? null : text;
}

/**
 * Replaces slide and model in `search`.
 * @param slide null for local files; removes the parameter, so that the URL never names a file of the user
 */
export function withSlideAndModel(search: string, slide: string | null, model: string | null): string {
  const parameters = new URLSearchParams(search);
  // A position is only valid for its own slide, as are channels.
  if (parameters.get('slide') !== slide) {
    parameters.delete('at');
    parameters.delete('channels');
  }
  if (slide === null) parameters.delete('slide');
  else parameters.set('slide', slide);
  if (model === null) parameters.delete('model');
  else parameters.set('model', model);
  return queryOf(parameters);
}

/** Replaces the channels in `search`. @param channels null removes them */
export function withChannels(search: string, channels: string | null): string {
  const parameters = new URLSearchParams(search);
  if (channels === null) parameters.delete('channels');
  else parameters.set('channels', channels);
  return queryOf(parameters);
}

/** Slashes, commas and colons are legal in a query, and easier to read unescaped. */
export function queryOf(parameters: URLSearchParams): string {
  const text = parameters.toString().replaceAll('%2F', '/').replaceAll('%2C', ',').replaceAll('%3A', ':');
  return text === '' ? '' : `?${text}`;
}

/** Bodies of HTTP responses, read piece by piece up to a limit: a server may send without end, or stop in the middle. */
import { abortReason, onAbort } from '../base/abort.ts';
import { SlideError } from './slide.ts';

/** Milliseconds without a byte after which a response counts as broken. */
const defaultIdleMs = 30_000;

export interface BodyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly idleMs?: number;
}

/**
 * The whole body of a response.
 * @param name the slide's, for messages.
 * @throws SlideError `unsupported` as soon as it is longer than `maxBytes`, `network` when the connection breaks or no byte
 * comes for long; an AbortError.
 */
export async function responseBytes(
  response: Response,
  maxBytes: number,
  name: string,
  { signal, idleMs = defaultIdleMs }: BodyOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLong = (): SlideError =>
    new SlideError(
      'unsupported',
      name,
      `The server’s answer is longer than ${Math.round(maxBytes / 1024)} kB.`,
      'Check the address.',
    );
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) {
    await response.body?.cancel();
    throw tooLong();
  }
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  let total = 0;
  let idle = false;
  const stop = (): void => void reader.cancel().catch(() => undefined);
  const stay = onAbort(signal, stop);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      timer = setTimeout(() => {
        idle = true;
        stop();
      }, idleMs);
      const { value } = await reader.read();
      clearTimeout(timer);
      if (signal?.aborted) throw abortReason(signal);
      if (idle) throw new Error('No data came.');
      if (value === undefined) break;
      total += value.length;
      if (total > maxBytes) {
        stop();
        throw tooLong();
      }
      parts.push(value);
    }
  } catch (cause) {
    if (signal?.aborted) throw abortReason(signal);
    if (cause instanceof SlideError) throw cause;
    throw new SlideError(
      'network',
      name,
      idle
        ? `The server sent no data for ${Math.round(idleMs / 1000)} s.`
        : 'The connection to the server broke.',
      'Check the connection and try again.',
      { cause },
    );
  } finally {
    clearTimeout(timer);
    stay();
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The body as UTF-8 text. @throws as `responseBytes`. */
export async function responseText(
  response: Response,
  maxBytes: number,
  name: string,
  options?: BodyOptions,
): Promise<string> {
  return new TextDecoder().decode(await responseBytes(response, maxBytes, name, options));
}

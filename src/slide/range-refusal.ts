/** Interprets a server's refusal to send the requested range. */
import { SlideError } from './slide.ts';

/**
 * The error for a response that is not a range.
 * @param name the file's name.
 * @param where its address.
 */
export function refusal(response: Response, name: string, where: string): SlideError {
  const { status } = response;
  if (status === 200) {
    if ((response.headers.get('content-type') ?? '').startsWith('text/html')) {
      return new SlideError(
        'not-found',
        name,
        `The server returned a web page instead of the slide (${where}).`,
        'Check the address.',
      );
    }
    return new SlideError(
      'no-range',
      name,
      `The server ignores range requests and sends only whole files (${where}).`,
      'Use a server with range support, or download the file and open it from disk.',
    );
  }
  if (status === 404 || status === 410) {
    return new SlideError(
      'not-found',
      name,
      `The file does not exist on the server (${status}, ${where}).`,
      'Check the address.',
    );
  }
  if (status === 401 || status === 403) {
    return new SlideError(
      'not-found',
      name,
      `The server denied access to the file (${status}, ${where}).`,
      'Sign in there, or ask for access.',
    );
  }
  return new SlideError(
    'network',
    name,
    `The server answered with status ${status} (${where}).`,
    'Try again later, or download the file and open it from disk.',
  );
}

/** What it means when a server does not answer with the range that was asked for. */
import { SlideError } from './slide.ts';

/**
 * The error of a response that is no range.
 * @param name the file's name; `where` its address.
 */
export function refusal(response: Response, name: string, where: string): SlideError {
  const { status } = response;
  if (status === 200) {
    if ((response.headers.get('content-type') ?? '').startsWith('text/html')) {
      return new SlideError(
        'not-found',
        name,
        `The server answers with a web page where the slide should be (${where}).`,
        'Check the address.',
      );
    }
    return new SlideError(
      'no-range',
      name,
      `The server sends only whole files, it ignores range requests (${where}).`,
      'Use a server with range support, or download the file and open it from disk.',
    );
  }
  if (status === 404 || status === 410) {
    return new SlideError(
      'not-found',
      name,
      `The server has no such file (${status}, ${where}).`,
      'Check the address.',
    );
  }
  if (status === 401 || status === 403) {
    return new SlideError(
      'not-found',
      name,
      `The server does not allow to read the file (${status}, ${where}).`,
      'Sign in there, or ask for access.',
    );
  }
  return new SlideError(
    'network',
    name,
    `The server answers with status ${status} (${where}).`,
    'Try again later, or download the file and open it from disk.',
  );
}

/**
 * Slides behind a sign-in: a bearer token (RFC 6750), sent to the slide's own server and nowhere else. It is in no address and
 * no message, and nothing here keeps it.
 */
import { SlideError } from './slide.ts';

/** Longest token, characters: servers limit all headers of a request to 8 to 16 kB. */
const maxLength = 8192;

/**
 * The token in what a user pastes, which may be the whole header: `Bearer eyJ…`.
 * @returns null for what can be no token (RFC 6750, section 2.1).
 */
export function parseBearerToken(text: string): string | null {
  const token = text.trim().replace(/^(?:authorization:\s*)?bearer\s+/i, '');
  return token.length <= maxLength && /^[\w.~+/-]+=*$/.test(token) ? token : null;
}

export interface SignIn {
  /** The slide's address; only requests to its origin are signed. */
  readonly url: string;
  /** The slide's name, for messages. */
  readonly name: string;
  /** null without. */
  readonly token: string | null;
}

/**
 * A `fetch` that sends the token along to the slide's server. A signed request follows no redirection, which could lead
 * elsewhere.
 * @param http retries by itself: what this `fetch` throws is not worth it.
 * @throws SlideError `sign-in` when the server asks for a token or refuses this one; `not-found` when it asks for a sign-in of
 * another kind.
 */
export function signedFetch(http: typeof fetch, signIn: SignIn): typeof fetch {
  const origin = originOf(signIn.url);
  return async (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    if (origin === null || originOf(address) !== origin) return http(input, init);
    const { token } = signIn;
    const response = await http(
      input,
      token === null ? init : { ...init, headers: signed(init?.headers, token), redirect: 'error' },
    );
    const challenge = response.headers.get('www-authenticate');
    if (response.status !== 401 && !(response.status === 403 && challenge !== null)) return response;
    await response.body?.cancel();
    throw refusal(response.status, challenge ?? '', signIn, origin);
  };
}

function signed(headers: HeadersInit | undefined, token: string): Headers {
  const all = new Headers(headers);
  all.set('Authorization', `Bearer ${token}`);
  return all;
}

/** null for what is no address of a server. */
function originOf(url: string): string | null {
  try {
    const { origin, protocol } = new URL(url);
    return /^https?:$/.test(protocol) ? origin : null;
  } catch {
    return null;
  }
}

/** What servers say of a token they refuse (RFC 6750, section 3.1). */
const reasons: Readonly<Record<string, string>> = {
  invalid_token: 'it is wrong, expired or revoked',
  insufficient_scope: 'it does not allow to read this slide',
  invalid_request: 'the request is not what the server expects',
};

/** @param challenge WWW-Authenticate; empty where the server or CORS hides it. */
function refusal(status: number, challenge: string, { name, token }: SignIn, origin: string): SlideError {
  const scheme = /^\s*([\w-]+)/.exec(challenge)?.[1] ?? '';
  if (scheme !== '' && !/\bbearer\b/i.test(challenge)) {
    return new SlideError(
      'not-found',
      name,
      `${origin} asks for a sign-in that Dualscope does not have (${scheme.slice(0, 20)}, status ${status}).`,
      'Ask for access with a bearer token, or download the file and open it from disk.',
    );
  }
  if (token === null) {
    return new SlideError(
      'sign-in',
      name,
      `${origin} asks for a bearer token (status ${status}).`,
      'Open the slide again and enter the token.',
    );
  }
  const error = /\berror="?(\w+)/.exec(challenge)?.[1] ?? '';
  const reason = Object.hasOwn(reasons, error) ? `: ${reasons[error]}` : '';
  return new SlideError(
    'sign-in',
    name,
    `${origin} refused the bearer token (status ${status})${reason}.`,
    'Get a new token, and open the slide again.',
  );
}

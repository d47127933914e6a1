/** Bearer tokens that the user entered, by the origin of their server. They live as long as the page, and are stored nowhere. */
import { parseBearerToken } from '../slide/bearer-token.ts';
import type { SlideInput } from './protocol.ts';

export class BearerTokens {
  readonly #byOrigin = new Map<string, string>();

  /**
   * Keeps a token for the server of `url`, in place of a former one.
   * @param text as the user enters it.
   * @returns whether it can be a token.
   */
  keep(url: string, text: string): boolean {
    const token = parseBearerToken(text);
    if (token !== null) this.#byOrigin.set(new URL(url).origin, token);
    return token !== null;
  }

  /** The input with the token of its server, if there is one. @param input with an absolute URL. */
  signed(input: SlideInput): SlideInput {
    if (input.kind !== 'url') return input;
    const token = URL.canParse(input.url) ? this.#byOrigin.get(new URL(input.url).origin) : undefined;
    return token === undefined ? input : { ...input, token };
  }
}

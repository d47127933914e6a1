/** Opens the slide at a URL for a command, with a bearer token where the server wants one. */
import { env } from 'node:process';
import { parseBearerToken } from '../slide/bearer-token.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { openSlideUrl } from '../slide/open-slide-url.ts';
import { SlideError, type Slide } from '../slide/slide.ts';
import { askSecret, canAsk } from './ask-secret.ts';
import { CommandError } from './command.ts';

/** Holds the token: arguments are seen by everyone on the machine, and kept in the shell's history. */
export const tokenVariable = 'DUALSCOPE_BEARER_TOKEN';

/** Waits 0.5, 1, 2 … 16 s between attempts: a failed job costs more than half a minute of waiting. */
const batchRetries = { retries: 6, retryDelayMs: 500, longestDelayMs: 120_000 } as const;

/**
 * Asks the server without a token first, so that only servers that want one get it.
 * @throws SlideError as `openSlideUrl`; CommandError when the variable holds no token.
 */
export async function openUrl(url: string): Promise<Slide> {
  const open = (token: string | null): Promise<Slide> =>
    openSlideUrl(url, nodePlatform(), { ...batchRetries, token });
  try {
    return await open(null);
  } catch (error) {
    if (!isSignIn(error)) throw error;
    const token = await tokenFor(error);
    try {
      const slide = await open(token);
      // For the threads of this command, which open the slide themselves.
      env[tokenVariable] = token;
      return slide;
    } catch (refused) {
      throw isSignIn(refused) ? withRemedy(refused, `Set ${tokenVariable} to a new token.`) : refused;
    }
  }
}

const isSignIn = (error: unknown): error is SlideError =>
  error instanceof SlideError && error.code === 'sign-in';

async function tokenFor(asked: SlideError): Promise<string> {
  const set = env[tokenVariable] ?? '';
  if (set !== '') {
    const token = parseBearerToken(set);
    if (token === null) throw new CommandError(`${tokenVariable} holds no bearer token.`);
    return token;
  }
  const remedy = `Set ${tokenVariable} to a token.`;
  if (!canAsk()) throw withRemedy(asked, remedy);
  const token = parseBearerToken((await askSecret(`${asked.problem} Token: `)) ?? '');
  if (token === null) throw withRemedy(asked, remedy);
  return token;
}

const withRemedy = ({ code, file, problem }: SlideError, remedy: string): SlideError =>
  new SlideError(code, file, problem, remedy);

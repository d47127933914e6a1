/** `dualscope serve`: the built app of an installed package on a local port. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { hostName, namesOf } from '../../scripts/host-names.mjs';
import { createStaticServer, listen } from '../../scripts/static-server.mjs';
import { CommandError, type AddCommand } from './command.ts';
import { print } from './terminal.ts';

interface ServeCall {
  readonly port: number;
  readonly host: string;
  readonly allowHost: readonly string[];
  readonly allowOrigin: readonly string[];
  readonly followLinks?: boolean;
}

/** How many ports are tried when the first is taken. */
const attempts = 50;

/** Adds the command to the program. */
export const addServeCommand: AddCommand = (program) => {
  program
    .command('serve')
    .description(
      'Serve the app: open the printed URL in a browser. Slides stay on this machine; nothing is uploaded. ' +
        'Runs until Ctrl+C.',
    )
    .option('--port <n>', 'first port to try', parsePort, 4173)
    .option('--host <address>', 'address to listen on; 0.0.0.0 lets other machines connect', 'localhost')
    .option(
      '--allow-host <name>',
      'another name to answer to, besides those of this machine; repeatable',
      collectHost,
      [],
    )
    .option(
      '--allow-origin <url>',
      'another server that slides may be read from; repeatable',
      collectOrigin,
      [],
    )
    .option('--follow-links', 'follow symbolic links that stay within the served folders')
    .action(serve);
};

/** @throws CommandError in a checkout, or when no port is free */
async function serve({ port, host, allowHost, allowOrigin, followLinks }: ServeCall): Promise<void> {
  const root = resolve(import.meta.dirname, '..', '..');
  const page = join(root, 'build', 'page');
  if (!existsSync(join(page, 'index.html')) || existsSync(join(root, 'src'))) {
    throw new CommandError('Only the installed package has the built app. In a checkout, run "npm start".');
  }
  const server = createStaticServer({
    folder: page,
    slideOrigins: allowOrigin,
    names: namesOf(host, allowHost),
    followLinks: followLinks === true,
    elsewhere: { models: join(root, 'models'), slides: join(root, 'public', 'slides') },
  });
  const address = host === 'localhost' ? '127.0.0.1' : host;
  const used = await listen(server, port, attempts, address).catch((error: unknown) => {
    throw new CommandError(`Can't listen on ${host}, port ${String(port)}: ${(error as Error).message}`);
  });
  print(`Dualscope: http://${host}:${String(used)}/\nResearch use only. Ctrl+C stops it.\n`);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (text !== '' && Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new InvalidArgumentError('Give a port from 0 to 65535.');
}

function collectHost(text: string, earlier: readonly string[]): readonly string[] {
  const name = hostName(text);
  if (name === null) throw new InvalidArgumentError('Give a name such as slides.example.org.');
  return [...earlier, name];
}

function collectOrigin(text: string, earlier: readonly string[]): readonly string[] {
  if (!URL.canParse(text))
    throw new InvalidArgumentError('Give an origin such as https://slides.example.org.');
  return [...earlier, new URL(text).origin];
}

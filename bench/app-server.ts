/** The built app, served by a process of its own as `npm start` serves it. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const script = resolve(import.meta.dirname, '../scripts/start.mjs');

/** @throws Error when the server ends before it says its URL. */
export async function startServer(): Promise<{ readonly url: string; stop(): void }> {
  const server = spawn(process.execPath, [script, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((found, failed) => {
    let text = '';
    server.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const match = /http:\/\/\S+/.exec(text);
      if (match !== null) found(match[0]);
    });
    server.on('exit', () => failed(new Error('The server did not start.')));
  });
  return { url, stop: () => server.kill() };
}

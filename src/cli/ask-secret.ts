/** Asks for a secret on the terminal, which shows nothing of it. */
import { stdin } from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { terminalText } from '../base/terminal-text.ts';
import { progressStream } from './terminal.ts';

/** Whether somebody can be asked. */
export const canAsk = (): boolean => isMainThread && stdin.isTTY && progressStream.isTTY;

const keys = { interrupt: '\x03', end: '\x04', back: ['\b', '\x7f'], enter: ['\r', '\n'] } as const;

/**
 * @returns what was typed or pasted until Enter; null for Ctrl+C and Ctrl+D.
 */
export function askSecret(question: string): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    const finish = (answer: string | null): void => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
      progressStream.write('\n');
      resolve(answer);
    };
    const take = (data: Buffer): void => {
      for (const key of data.toString('utf8')) {
        if (key === keys.interrupt || key === keys.end) return finish(null);
        if (keys.enter.some((one) => one === key)) return finish(text);
        text = keys.back.some((one) => one === key) ? text.slice(0, -1) : text + key;
      }
    };
    progressStream.write(terminalText(question));
    stdin.setRawMode(true);
    stdin.resume();
    stdin.on('data', take);
  });
}

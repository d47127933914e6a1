/** Starting a worker and knowing when it has died. */
import { RpcClient } from './rpc.ts';

/**
 * Calls over `worker`. When the worker fails to start or throws outside a call, every open and later call
 * is rejected with the code `worker-failed`, so that nothing waits for ever.
 */
export function connectWorker<Api>(worker: Worker, name: string): RpcClient<Api> {
  const client = new RpcClient<Api>(worker);
  worker.addEventListener('error', (event) => {
    client.fail({
      code: 'worker-failed',
      file: '',
      problem: `The ${name} worker stopped: ${event.message || 'it could not be started'}.`,
      remedy: 'Reload the page.',
    });
  });
  worker.addEventListener('messageerror', () => {
    client.fail({
      code: 'worker-failed',
      file: '',
      problem: `A message of the ${name} worker could not be read.`,
      remedy: 'Reload the page.',
    });
  });
  return client;
}

/** Starting a worker and knowing when it has died. */
import { RpcClient } from './rpc.ts';

/** A worker or thread that has been started. */
export interface StartedWorker<Api> {
  readonly rpc: RpcClient<Api>;
  terminate(): void;
}

const remedy = 'Try again. If it happens again, reload the page and report it.';

/**
 * Calls over `worker`. When the worker fails to start or throws outside a call, every open and later call
 * is rejected with the code `worker-failed`, so that nothing waits for ever. Whoever holds it ends it then.
 */
export function connectWorker<Api>(worker: Worker, name: string): StartedWorker<Api> {
  const rpc = new RpcClient<Api>(worker);
  worker.addEventListener('error', (event) => {
    // It ends here: in a worker, it would pass for an exception of this one.
    event.preventDefault();
    const problem = `The ${name} worker stopped: ${event.message || 'it could not be started'}.`;
    rpc.fail({ code: 'worker-failed', file: '', problem, remedy });
  });
  worker.addEventListener('messageerror', () => {
    const problem = `A message of the ${name} worker could not be read.`;
    rpc.fail({ code: 'worker-failed', file: '', problem, remedy });
  });
  return { rpc, terminate: () => worker.terminate() };
}

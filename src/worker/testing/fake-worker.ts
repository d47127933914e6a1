/** A worker within the test's thread, which can be made to hang or to crash. */
import { RpcClient, serveRpc, type Handlers } from '../../base/rpc.ts';
import type { StartedWorker } from '../../base/worker-port.ts';

export interface FakeWorker<Api> extends StartedWorker<Api> {
  /** From now on it answers nothing, as a blocked thread. */
  hang(): void;
  /** As an exception that nobody catches. */
  crash(message: string): void;
  readonly hasEnded: boolean;
}

export function fakeWorker<Api>(handlers: Handlers<Api>): FakeWorker<Api> {
  const { port1, port2 } = new MessageChannel();
  let hangs = false;
  let hasEnded = false;
  const listeners: ((event: MessageEvent) => void)[] = [];
  port1.addEventListener('message', (event) => {
    if (!hangs) for (const listener of listeners) listener(event);
  });
  serveRpc<Api>(
    {
      postMessage: (message, transfer) => {
        if (!hangs && !hasEnded) port1.postMessage(message, transfer);
      },
      addEventListener: (_type, listener) => listeners.push(listener),
    },
    handlers,
  );
  const rpc = new RpcClient<Api>(port2);
  port1.start();
  port2.start();
  return {
    rpc,
    hang: () => void (hangs = true),
    crash: (message) => rpc.fail({ code: 'worker-failed', file: '', problem: message, remedy: 'Try again.' }),
    terminate: () => {
      hasEnded = true;
      port1.close();
      port2.close();
    },
    get hasEnded() {
      return hasEnded;
    },
  };
}

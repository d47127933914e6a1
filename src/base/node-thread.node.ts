/**
 * Threads of the command line and the trainer: started by name, called over `rpc.ts`. The page starts its workers with
 * `new Worker(new URL(…))` instead, which only a bundler understands.
 */
import { MessageChannel, Worker, workerData, type MessagePort } from 'node:worker_threads';
import { RpcClient, serveRpc, type Handlers, type RpcPort } from './rpc.ts';

/** Entry modules of threads, below `src/`. scripts/build-cli.mjs builds each to a file of the thread's name. */
const entries = {
  network: 'runtime/native/network-entry.node.ts',
  reader: 'cli/reader-entry.ts',
  sample: 'training/sample-service.ts',
} as const;

export type NodeThreadName = keyof typeof entries;

/** A running thread. Close it, or the process does not end, unless `keepProcess(false)` allows it to. */
export interface NodeThread<Api> {
  readonly rpc: RpcClient<Api>;
  /** Whether the process stays alive for this thread. */
  keepProcess(yes: boolean): void;
  /** Calls that are still open are rejected. */
  close(): Promise<void>;
}

/** Whether this module runs as TypeScript (tests, tsx) rather than from the built command line. */
const isSource = import.meta.url.endsWith('.ts');

/** The file that a thread starts with; `bin/thread.mjs` finds the program. */
function entryOf(name: NodeThreadName): URL {
  return new URL(isSource ? '../../bin/thread.mjs' : `./${name}.js`, import.meta.url);
}

interface ThreadData {
  /** Read by `bin/thread.mjs`. */
  readonly name: NodeThreadName;
  /** Below `src/`; read by `bin/thread.mjs`. */
  readonly entry: string;
  readonly port: MessagePort;
}

/**
 * Starts a thread. Calls to it are rejected with the code `worker-failed` once it has stopped.
 * @param remedy a sentence that says what to do when the thread stops.
 */
export function startNodeThread<Api>(name: NodeThreadName, remedy: string): NodeThread<Api> {
  const { port1, port2 } = new MessageChannel();
  const data: ThreadData = { name, entry: entries[name], port: port2 };
  const worker = new Worker(entryOf(name), {
    name,
    workerData: data,
    transferList: [port2],
    execArgv: [],
  });
  const rpc = new RpcClient<Api>(port1 as unknown as RpcPort);
  port1.start();
  worker.on('error', (error) => {
    rpc.fail({
      code: 'worker-failed',
      file: '',
      problem: `The ${name} thread stopped: ${error.message}.`,
      remedy,
    });
  });
  worker.on('exit', () => {
    rpc.fail({ code: 'worker-failed', file: '', problem: `The ${name} thread has ended.`, remedy });
  });
  return {
    rpc,
    keepProcess: (yes) => {
      for (const each of [worker, port1]) {
        if (yes) each.ref();
        else each.unref();
      }
    },
    close: async () => {
      port1.close();
      await worker.terminate();
    },
  };
}

/** In a thread's entry module: answers calls. Node's port differs from a browser's in its types only. */
export function serveNodeThread<Api>(handlers: Handlers<Api>): void {
  const { port } = workerData as ThreadData;
  serveRpc<Api>(port as unknown as RpcPort, handlers);
  port.start();
}

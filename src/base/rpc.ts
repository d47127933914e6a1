/**
 * Typed calls over a MessagePort or a Worker: promises, abort by AbortSignal, progress, transferables.
 * One side serves an API (`serveRpc`), the other calls it (`RpcClient`). An API is an interface whose
 * methods return promises; arguments and results must be structured-cloneable.
 */
import { isAbort } from './abort.ts';
import type { ErrorReport } from './error-report.ts';
import { toErrorReport, WorkerError } from './error-report.ts';

/** What both a Worker, a worker's global scope and a MessagePort offer. */
export interface RpcPort {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

/** `any` here is the top type of parameter lists: `unknown[]` would refuse every concrete method. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Method = (...args: any[]) => Promise<unknown>;
type MethodName<Api> = { [M in keyof Api]: Api[M] extends Method ? M : never }[keyof Api] & string;
type Args<Api, M extends keyof Api> = Api[M] extends (...args: infer A) => Promise<unknown> ? A : never;
type Result<Api, M extends keyof Api> = Api[M] extends (...args: never[]) => Promise<infer R> ? R : never;

type Request =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: 'abort'; readonly id: number }
  /** Answered with an empty result, as soon as the other side does not compute. */
  | { readonly kind: 'ping'; readonly id: number };

type Reply =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'progress'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'aborted'; readonly id: number }
  | { readonly kind: 'error'; readonly id: number; readonly error: ErrorReport };

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called for every value that the handler passes to `progress`, in order, before the result. */
  readonly onProgress?: ((value: unknown) => void) | undefined;
  /** Objects among the arguments to move instead of copy. */
  readonly transfer?: Transferable[] | undefined;
  /**
   * What an abort does to the promise: `reject` it at once with an AbortError (the default), or `wait` for
   * the handler, which has been told and may still have something to say.
   */
  readonly onAbort?: 'reject' | 'wait' | undefined;
  /** Called when the handler has ended, or if it never began; even if the caller aborted long before. */
  readonly onEnded?: (() => void) | undefined;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((value: unknown) => void) | undefined;
}

/** The calling side. */
export class RpcClient<Api> {
  readonly #pending = new Map<number, Pending>();
  /** Calls whose handlers have not ended, with what to do then. */
  readonly #running = new Map<number, (() => void) | undefined>();
  readonly #port: RpcPort;
  readonly #failureListeners: ((error: WorkerError) => void)[] = [];
  #nextId = 1;
  #failure: WorkerError | null = null;

  constructor(port: RpcPort) {
    this.#port = port;
    port.addEventListener('message', (event) => this.#receive(event.data as Reply));
  }

  /**
   * Calls `method` on the other side.
   * @throws WorkerError when the handler fails; an AbortError when `options.signal` aborts.
   */
  call<M extends MethodName<Api>>(
    method: M,
    args: Args<Api, M>,
    options: CallOptions = {},
  ): Promise<Result<Api, M>> {
    const { signal, onProgress, transfer, onAbort, onEnded } = options;
    return new Promise<Result<Api, M>>((resolve, reject) => {
      if (this.#failure !== null || signal?.aborted === true) {
        onEnded?.();
        return reject(this.#failure ?? abortError());
      }
      const id = this.#nextId++;
      const abort = (): void => {
        this.#port.postMessage({ kind: 'abort', id } satisfies Request, []);
        if (onAbort === 'wait') return;
        this.#pending.delete(id);
        reject(abortError());
      };
      const settled = (): void => signal?.removeEventListener('abort', abort);
      this.#pending.set(id, {
        resolve: (value) => {
          settled();
          resolve(value as Result<Api, M>);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
        onProgress,
      });
      signal?.addEventListener('abort', abort, { once: true });
      try {
        this.#port.postMessage({ kind: 'call', id, method, args } satisfies Request, transfer ?? []);
        this.#running.set(id, onEnded);
      } catch (error) {
        // A value that can't be cloned: the other side never hears of the call.
        this.#pending.delete(id);
        settled();
        onEnded?.();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Whether the other side works on a call, aborted ones included. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Resolves when the other side gets to its messages. */
  ping(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      const id = this.#nextId++;
      this.#pending.set(id, { resolve: () => resolve(), reject, onProgress: undefined });
      this.#port.postMessage({ kind: 'ping', id } satisfies Request, []);
    });
  }

  /** Why the other side is gone, with which all calls are rejected; null while it is there. */
  get failure(): WorkerError | null {
    return this.#failure;
  }

  /** Calls `listener` when the other side is gone, before the open calls are rejected. */
  onFailure(listener: (error: WorkerError) => void): void {
    if (this.#failure === null) this.#failureListeners.push(listener);
    else listener(this.#failure);
  }

  /** Rejects every open call and all later ones: the other side is gone. */
  fail(report: ErrorReport): void {
    // The first reason is the cause of later ones.
    this.#failure ??= new WorkerError(report);
    for (const listener of this.#failureListeners.splice(0)) listener(this.#failure);
    for (const pending of this.#pending.values()) pending.reject(this.#failure);
    this.#pending.clear();
    for (const ended of this.#running.values()) ended?.();
    this.#running.clear();
  }

  #receive(reply: Reply): void {
    if (reply.kind !== 'progress') {
      const ended = this.#running.get(reply.id);
      this.#running.delete(reply.id);
      ended?.();
    }
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) {
      if (reply.kind === 'result') release(reply.value);
      return;
    }
    if (reply.kind === 'progress') {
      pending.onProgress?.(reply.value);
      return;
    }
    this.#pending.delete(reply.id);
    if (reply.kind === 'result') pending.resolve(reply.value);
    else if (reply.kind === 'aborted') pending.reject(abortError());
    else pending.reject(new WorkerError(reply.error));
  }
}

/** What a handler knows of its call besides the arguments. */
export interface CallContext {
  /** Aborted when the caller aborts. */
  readonly signal: AbortSignal;
  /** Sends a value to the caller's `onProgress`. */
  progress(value: unknown, transfer?: Transferable[]): void;
  /** Moves an object of the result instead of copying it. Returns it, for use in a return statement. */
  transfer<T extends Transferable>(object: T): T;
}

/** An implementation of `Api`: each method takes the call's context, then its arguments. */
export type Handlers<Api> = {
  readonly [M in MethodName<Api>]: (
    context: CallContext,
    ...args: Args<Api, M>
  ) => Promise<Result<Api, M>> | Result<Api, M>;
};

/** Answers the calls that arrive at `port`. Calls run at the same time; each can be aborted by itself. */
export function serveRpc<Api>(port: RpcPort, handlers: Handlers<Api>): void {
  const running = new Map<number, AbortController>();
  // The names arrive as text, so the types end here; both sides are compiled against the same `Api`.
  const table = handlers as unknown as Readonly<
    Record<string, (context: CallContext, ...args: unknown[]) => unknown>
  >;
  const send = (reply: Reply, transfer: Transferable[] = []): void => port.postMessage(reply, transfer);

  const run = async (id: number, method: string, args: readonly unknown[]): Promise<void> => {
    const controller = new AbortController();
    const moved: Transferable[] = [];
    running.set(id, controller);
    try {
      const handler = Object.hasOwn(table, method) ? table[method] : undefined;
      if (handler === undefined) throw new Error(`There is no method "${method}".`);
      const value = await handler(
        {
          signal: controller.signal,
          progress: (step, transfer) => send({ kind: 'progress', id, value: step }, transfer),
          transfer: (object) => {
            moved.push(object);
            return object;
          },
        },
        ...args,
      );
      send({ kind: 'result', id, value }, moved);
    } catch (error) {
      if (controller.signal.aborted && isAbort(error)) send({ kind: 'aborted', id });
      else send({ kind: 'error', id, error: toErrorReport(error) });
    } finally {
      running.delete(id);
    }
  };

  port.addEventListener('message', (event) => {
    const request = event.data as Request;
    if (request.kind === 'abort') running.get(request.id)?.abort();
    else if (request.kind === 'ping') send({ kind: 'result', id: request.id, value: undefined });
    else void run(request.id, request.method, request.args);
  });
}

function abortError(): DOMException {
  return new DOMException('The call was aborted.', 'AbortError');
}

/** Frees a result that nobody waits for any more; an ImageBitmap holds memory until it is closed. */
function release(value: unknown): void {
  const closable = value as { readonly close?: () => void } | null | undefined;
  if (typeof closable?.close === 'function') closable.close();
}

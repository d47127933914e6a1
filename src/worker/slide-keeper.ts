/**
 * Slides in a worker that is watched. A worker that does not answer is ended, the call that it hung in fails with a
 * sentence that names the file, and everything else goes on in a new worker, in which slides open again by themselves.
 */
import { abortReason, isAbort } from '../base/abort.ts';
import { WorkerError } from '../base/error-report.ts';
import { watchHeartbeat } from '../base/heartbeat.ts';
import type { CallOptions, RpcClient } from '../base/rpc.ts';
import type { StartedWorker } from '../base/worker-port.ts';
import type { SlideMetadata } from '../slide/slide.ts';

/** What such a worker answers, besides calls about its slides. */
export interface SlideHolder<Input> {
  open(input: Input): Promise<{ readonly slideId: number; readonly metadata: SlideMetadata }>;
  close(slideId: number): Promise<void>;
}

export interface SlideKeeperOptions<Input, Api> {
  readonly start: () => StartedWorker<Api>;
  /** Name of the input for messages. */
  readonly titleOf: (input: Input) => string;
  /** Milliseconds without an answer after which the worker is ended. */
  readonly deadlineMs: number;
}

interface Worker<Api> extends StartedWorker<Api> {
  readonly endWatch: () => void;
}

interface KeptSlide<Input, Api> {
  readonly input: Input;
  readonly fingerprint: string;
  /** Where it is open, and its number there. */
  worker: Worker<Api>;
  slideId: Promise<number>;
  /** Why it can't be opened again. */
  failure: WorkerError | null;
}

/** A call that a worker works on, until its handler has ended. */
interface Attempt {
  readonly kind: 'open' | 'call' | 'background';
  readonly title: string;
  /** How often a worker hung while it worked on this. */
  hangs: number;
  /** Whether a worker stopped while it worked on this. */
  crashed: boolean;
  blamed: boolean;
}

export class SlideKeeper<Input, Api extends SlideHolder<Input>> {
  readonly #options: SlideKeeperOptions<Input, Api>;
  readonly #slides = new Map<number, KeptSlide<Input, Api>>();
  readonly #running = new Set<Attempt>();
  #worker: Worker<Api> | null = null;
  #nextId = 1;
  /** Calls that were running when a worker hung are tried again one by one, to find the one that hangs. */
  #suspects: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(options: SlideKeeperOptions<Input, Api>) {
    this.#options = options;
  }

  /** Starts the worker, if none is running. */
  start(): void {
    this.#current();
  }

  /**
   * Opens a slide. @throws WorkerError: `not-answering` when the worker hangs in it; an AbortError.
   */
  async open(input: Input, signal?: AbortSignal): Promise<{ slideId: number; metadata: SlideMetadata }> {
    const attempt = this.#attempt('open', this.#options.titleOf(input));
    const { worker, opened } = await this.#retry(attempt, signal, async (current, begin) => ({
      worker: current,
      opened: await call(current.rpc)('open', [input], begin()),
    }));
    const slideId = this.#nextId++;
    const { fingerprint } = opened.metadata;
    this.#slides.set(slideId, {
      input,
      fingerprint,
      worker,
      slideId: Promise.resolve(opened.slideId),
      failure: null,
    });
    return { slideId, metadata: opened.metadata };
  }

  /**
   * Calls the worker about a slide.
   * @param run makes the call with the slide's number in the worker, and the options.
   * @param kind `background` for a call that lasts: it is not taken for the one that hangs if there is another.
   * @throws WorkerError: `broken-tile` when the worker hangs in it; an AbortError.
   */
  async call<T>(
    slideId: number,
    run: (rpc: RpcClient<Api>, slideId: number, options: CallOptions) => Promise<T>,
    signal?: AbortSignal,
    kind: 'call' | 'background' = 'call',
  ): Promise<T> {
    const slide = this.#slides.get(slideId);
    if (slide === undefined) throw new RangeError(`Slide ${slideId} is not open.`);
    const attempt = this.#attempt(kind, this.#options.titleOf(slide.input));
    return this.#retry(attempt, signal, async (worker, begin) => {
      const number = await this.#slideIn(worker, slide);
      return run(worker.rpc, number, begin());
    });
  }

  async close(slideId: number): Promise<void> {
    const slide = this.#slides.get(slideId);
    this.#slides.delete(slideId);
    // A worker that has ended has closed it.
    if (slide?.worker !== this.#worker) return;
    const { rpc } = slide.worker;
    await slide.slideId.then((number) => call(rpc)('close', [number], {})).catch(() => undefined);
  }

  /** Ends the worker for good. Calls are rejected. */
  terminate(): void {
    this.#ended = true;
    const worker = this.#worker;
    if (worker !== null) this.#end(worker, 'worker-ended');
  }

  #attempt(kind: Attempt['kind'], title: string): Attempt {
    return { kind, title, hangs: 0, crashed: false, blamed: false };
  }

  /**
   * Runs `work` in the present worker, and again in the next one if that hangs in something else.
   * @param work calls `begin` right before its call, for the options.
   */
  async #retry<T>(
    attempt: Attempt,
    signal: AbortSignal | undefined,
    work: (worker: Worker<Api>, begin: () => CallOptions) => Promise<T>,
  ): Promise<T> {
    const begin = (): CallOptions => {
      this.#running.add(attempt);
      // The handler's end counts, not the caller's: an aborted call may be what hangs.
      return { signal, onEnded: () => void this.#running.delete(attempt) };
    };
    for (;;) {
      const endTurn = attempt.hangs > 0 && attempt.kind === 'call' ? await this.#turn() : () => undefined;
      if (signal?.aborted) {
        endTurn();
        throw abortReason(signal);
      }
      const worker = this.#current();
      try {
        return await work(worker, begin);
      } catch (error) {
        if (attempt.blamed) throw hung(attempt, this.#options.deadlineMs);
        if (isAbort(error) || this.#ended) throw error;
        if (isCrash(worker, error)) {
          // A worker that has crashed answers nobody. Another one gets each of its calls, once.
          if (worker === this.#worker) this.#end(worker, 'worker-failed');
          if (attempt.crashed) throw error;
          attempt.crashed = true;
        } else if (worker === this.#worker) throw error;
      } finally {
        endTurn();
      }
    }
  }

  /** Waits for the calls that are suspected like this one. @returns a function that lets the next one go. */
  async #turn(): Promise<() => void> {
    const before = this.#suspects;
    let end = (): void => undefined;
    this.#suspects = new Promise((resolve) => (end = resolve));
    await before;
    return end;
  }

  /** The slide's number in a worker; opens it there if a former one held it. */
  #slideIn(worker: Worker<Api>, slide: KeptSlide<Input, Api>): Promise<number> {
    if (slide.failure !== null) return Promise.reject(slide.failure);
    if (slide.worker !== worker) {
      slide.worker = worker;
      const attempt = this.#attempt('open', this.#options.titleOf(slide.input));
      this.#running.add(attempt);
      slide.slideId = call(worker.rpc)('open', [slide.input], {
        onEnded: () => void this.#running.delete(attempt),
      }).then(({ slideId, metadata }) => {
        if (metadata.fingerprint === slide.fingerprint) return slideId;
        throw new WorkerError({
          code: 'changed',
          file: metadata.name,
          problem: 'The file has changed since it was opened.',
          remedy: 'Open it again.',
        });
      });
      slide.slideId.catch(() => {
        // Not again and again, for each tile of it.
        if (attempt.blamed) slide.failure = hung(attempt, this.#options.deadlineMs);
      });
    }
    return slide.slideId;
  }

  #current(): Worker<Api> {
    if (this.#worker !== null) return this.#worker;
    if (this.#ended) throw new WorkerError(endedReport);
    const started = this.#options.start();
    const worker: Worker<Api> = {
      rpc: started.rpc,
      terminate: () => started.terminate(),
      endWatch: watchHeartbeat(started.rpc, {
        deadlineMs: this.#options.deadlineMs,
        onSilent: () => this.#silent(worker),
      }),
    };
    this.#worker = worker;
    return worker;
  }

  /** Ends a worker that hangs, and blames a call for it. */
  #silent(worker: Worker<Api>): void {
    for (const attempt of this.#running) attempt.hangs++;
    const running = [...this.#running];
    const suspect =
      // The first: a later one waits behind it.
      running.find(({ kind }) => kind === 'open') ??
      running.find(({ kind, hangs }) => kind === 'call' && hangs > 1) ??
      (running.length === 1 ? running[0] : undefined);
    if (suspect !== undefined) suspect.blamed = true;
    this.#end(worker, 'worker-restarted');
  }

  #end(worker: Worker<Api>, code: string): void {
    this.#worker = null;
    worker.endWatch();
    worker.terminate();
    worker.rpc.fail({ ...endedReport, code });
    this.#running.clear();
  }
}

/** The methods that every such worker has: `Api` is not known to have no others of these names. */
function call<Input, Api extends SlideHolder<Input>>(
  rpc: RpcClient<Api>,
): RpcClient<SlideHolder<Input>>['call'] {
  const holder = rpc as unknown as RpcClient<SlideHolder<Input>>;
  return (method, args, options) => holder.call(method, args, options);
}

const endedReport = { code: 'worker-ended', file: '', problem: 'The worker was ended.', remedy: '' } as const;

const isCrash = ({ rpc }: StartedWorker<never>, error: unknown): boolean =>
  error === rpc.failure && rpc.failure?.report.code === 'worker-failed';

function hung({ kind, title }: Attempt, deadlineMs: number): WorkerError {
  const seconds = Math.round(deadlineMs / 1000);
  return new WorkerError({
    code: kind === 'open' ? 'not-answering' : 'broken-tile',
    file: title,
    problem:
      kind === 'open'
        ? `Opening it was stopped: there was no answer for ${seconds} seconds.`
        : `Reading a part of it was stopped: there was no answer for ${seconds} seconds.`,
    remedy: 'The file may be damaged. Copy or export it again.',
  });
}

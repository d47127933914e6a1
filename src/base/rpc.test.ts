import { afterEach, describe, expect, it, vi } from 'vitest';
import { SlideError } from '../slide/slide.ts';
import { WorkerError } from './error-report.ts';
import type { CallContext, Handlers } from './rpc.ts';
import { RpcClient, serveRpc } from './rpc.ts';

interface TestApi {
  sum(a: number, b: number): Promise<number>;
  fail(): Promise<void>;
  crash(): Promise<void>;
  count(to: number): Promise<string>;
  wait(): Promise<string>;
  bytes(length: number): Promise<Uint8Array>;
  length(bytes: Uint8Array): Promise<number>;
}

const channels: MessageChannel[] = [];
afterEach(() => {
  for (const channel of channels.splice(0)) channel.port1.close();
});

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function connect(overrides: Partial<Handlers<TestApi>> = {}): RpcClient<TestApi> {
  const channel = new MessageChannel();
  channels.push(channel);
  const handlers: Handlers<TestApi> = {
    sum: (_call: CallContext, a: number, b: number) => a + b,
    fail: () => {
      throw new SlideError('truncated', 'a.svs', 'The file ends early.', 'Copy it again.');
    },
    crash: () => Promise.reject(new TypeError('boom')),
    count: (call: CallContext, to: number) => {
      for (let step = 1; step <= to; step++) call.progress(step);
      return `${to} steps`;
    },
    wait: async (call: CallContext) => {
      await untilAborted(call.signal);
      throw new DOMException('stopped', 'AbortError');
    },
    bytes: (call: CallContext, length: number) => {
      const bytes = new Uint8Array(length);
      call.transfer(bytes.buffer);
      return bytes;
    },
    length: (_call: CallContext, bytes: Uint8Array) => bytes.length,
    ...overrides,
  };
  serveRpc<TestApi>(channel.port1, handlers);
  const client = new RpcClient<TestApi>(channel.port2);
  channel.port1.start();
  channel.port2.start();
  return client;
}

describe('rpc', () => {
  it('answers each of several calls with its own result', async () => {
    const client = connect();
    expect(await Promise.all([client.call('sum', [1, 2]), client.call('sum', [10, 20])])).toEqual([3, 30]);
  });

  it('carries a typed error with file, problem and remedy', async () => {
    const error = await connect()
      .call('fail', [])
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkerError);
    expect((error as WorkerError).report).toEqual({
      code: 'truncated',
      file: 'a.svs',
      problem: 'The file ends early.',
      remedy: 'Copy it again.',
    });
    expect((error as WorkerError).message).toBe('a.svs: The file ends early. Copy it again.');
  });

  it('reports any other error as internal, with its message', async () => {
    const error = await connect()
      .call('crash', [])
      .catch((thrown: unknown) => thrown);
    expect((error as WorkerError).report).toMatchObject({ code: 'internal', problem: 'TypeError: boom' });
  });

  it('delivers progress in order and before the result', async () => {
    const steps: unknown[] = [];
    const result = await connect().call('count', [3], { onProgress: (step) => steps.push(step) });
    expect(steps).toEqual([1, 2, 3]);
    expect(result).toBe('3 steps');
  });

  it('tells the handler of an abort and rejects the caller at once', async () => {
    let handlerSignal: AbortSignal | undefined;
    const client = connect({
      wait: (call) => {
        handlerSignal = call.signal;
        return new Promise<string>(() => undefined);
      },
    });
    const controller = new AbortController();
    const call = client.call('wait', [], { signal: controller.signal });
    await vi.waitFor(() => expect(handlerSignal).toBeDefined());
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    await vi.waitFor(() => expect(handlerSignal?.aborted).toBe(true));
  });

  it('does not send a call whose signal was aborted before', async () => {
    const wait = vi.fn();
    const client = connect({ wait });
    await expect(client.call('wait', [], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await client.call('sum', [1, 1]);
    expect(wait).not.toHaveBeenCalled();
  });

  it('lets an aborted call finish in its own words where the caller waits', async () => {
    const client = connect({
      wait: async (call) => {
        call.progress('running');
        await untilAborted(call.signal);
        return 'cancelled after 2';
      },
    });
    const controller = new AbortController();
    const result = await client.call('wait', [], {
      signal: controller.signal,
      onAbort: 'wait',
      onProgress: () => controller.abort(),
    });
    expect(result).toBe('cancelled after 2');
  });

  it('moves transferables instead of copying them, both ways', async () => {
    const client = connect();
    const sent = new Uint8Array(16);
    expect(await client.call('length', [sent], { transfer: [sent.buffer] })).toBe(16);
    expect(sent.byteLength).toBe(0);
    expect((await client.call('bytes', [8])).length).toBe(8);
  });

  it('closes a result that arrives after its call was aborted', () => {
    const close = vi.fn();
    let receive: (event: MessageEvent) => void = () => undefined;
    const client = new RpcClient<TestApi>({
      postMessage: () => undefined,
      addEventListener: (_type, listener) => (receive = listener),
    });
    const controller = new AbortController();
    const call = client.call('wait', [], { signal: controller.signal });
    controller.abort();
    receive({ data: { kind: 'result', id: 1, value: { close } } } as MessageEvent);
    expect(close).toHaveBeenCalledOnce();
    return expect(call).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('rejects open and later calls once the other side has failed', async () => {
    const client = connect({ wait: () => new Promise<string>(() => undefined) });
    const call = client.call('wait', []);
    client.fail({ code: 'worker-failed', file: '', problem: 'It stopped.', remedy: 'Reload the page.' });
    await expect(call).rejects.toThrow('It stopped. Reload the page.');
    await expect(client.call('sum', [1, 1])).rejects.toBeInstanceOf(WorkerError);
    // What follows from it does not replace the reason.
    client.fail({ code: 'worker-failed', file: '', problem: 'It has ended.', remedy: 'Reload the page.' });
    await expect(client.call('sum', [1, 1])).rejects.toThrow('It stopped.');
  });

  it('rejects a call whose arguments cannot be cloned', async () => {
    const client = connect();
    const uncloneable = { length: () => 1 } as unknown as Uint8Array;
    await expect(client.call('length', [uncloneable])).rejects.toMatchObject({ name: 'DataCloneError' });
  });

  it('refuses a method that is not in the table, inherited ones too', async () => {
    const client = connect() as unknown as RpcClient<{ toString(): Promise<string> }>;
    await expect(client.call('toString', [])).rejects.toThrow('There is no method "toString"');
  });
});

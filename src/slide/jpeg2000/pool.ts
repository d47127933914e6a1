/** JPEG 2000 decoding in the browser by a pool of workers, which starts with the first tile. */
import { abortReason, onAbort } from '../../base/abort.ts';
import type { RgbaImage } from '../slide.ts';
import type { Jpeg2000Colours } from './codec.ts';

export interface Jpeg2000Request {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly colours: Jpeg2000Colours;
}

export type Jpeg2000Reply =
  { readonly id: number; readonly image: RgbaImage } | { readonly id: number; readonly error: string };

interface Job {
  readonly request: Jpeg2000Request;
  readonly resolve: (image: RgbaImage) => void;
  readonly reject: (error: Error) => void;
}

/** Most workers; more would only take memory. */
const MAX_WORKERS = 4;

export class Jpeg2000Pool {
  private readonly idle: Worker[] = [];
  private readonly running = new Map<Worker, Job>();
  private queue: Job[] = [];
  private nextId = 0;

  /** @throws Error when the stream is damaged; an AbortError. A tile that is being decoded is finished. */
  decode(bytes: Uint8Array<ArrayBuffer>, colours: Jpeg2000Colours, signal?: AbortSignal): Promise<RgbaImage> {
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    return new Promise<RgbaImage>((resolve, reject) => {
      const job: Job = {
        request: { id: this.nextId++, bytes, colours },
        resolve: (image) => (stay(), resolve(image)),
        reject: (error) => (stay(), reject(error)),
      };
      const stay = onAbort(signal, () => {
        this.queue = this.queue.filter((one) => one !== job);
        reject(abortReason(signal));
      });
      this.queue.push(job);
      this.start();
    });
  }

  private start(): void {
    const most = Math.max(1, Math.min(MAX_WORKERS, (navigator.hardwareConcurrency || 2) - 1));
    while (this.queue.length > 0) {
      const worker = this.idle.pop() ?? (this.running.size < most ? this.create() : null);
      if (worker === null) return;
      const job = this.queue.shift()!;
      this.running.set(worker, job);
      worker.postMessage(job.request);
    }
  }

  private create(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'jpeg2000' });
    worker.onmessage = ({ data }: MessageEvent<Jpeg2000Reply>) => {
      const job = this.running.get(worker);
      this.running.delete(worker);
      this.idle.push(worker);
      if ('image' in data) job?.resolve(data.image);
      else job?.reject(new Error(data.error));
      this.start();
    };
    worker.onerror = (event) => {
      const job = this.running.get(worker);
      this.running.delete(worker);
      worker.terminate();
      job?.reject(new Error(event.message || 'The JPEG 2000 decoder can not be started.'));
      this.start();
    };
    return worker;
  }
}

/** Runs of the segmentation worker: they share the backend slice by slice, and one view orders all of them. */
import { segmentSlide } from '../segment/engine.ts';
import { PauseSwitch } from '../segment/pause-switch.ts';
import { SliceQueue } from '../segment/queue.ts';
import { hasTissue } from '../segment/tissue.ts';
import type { Level0Rect } from '../slide/slide.ts';
import { toMessage } from './event-message.ts';
import type { SegmentEvent, SegmentRequest, SegmentSummary } from './protocol.ts';
import type { ErrorReport } from '../base/error-report.ts';
import type { CallContext } from '../base/rpc.ts';
import { RunNetwork } from './run-network.ts';
import type { SegmentPlatform } from './segment-platform.ts';
import type { SharedBackend } from './shared-backend.ts';
import type { SlidePlanner } from './slide-planner.ts';
import { RunStore } from './stored-slices.ts';

/** Regions whose context features are kept in a run. */
const keptRegions = 8;

export class SegmentationRuns {
  readonly #queues = new Set<SliceQueue>();
  readonly #pause = new PauseSwitch();
  #view: Level0Rect | null = null;

  constructor(
    private readonly platform: SegmentPlatform,
    private readonly backend: SharedBackend,
    private readonly planner: SlidePlanner,
  ) {}

  /** Slices in `view`, level-0 pixels, come first from the next slice on, in every run. */
  setView(view: Level0Rect | null): void {
    this.#view = view;
    for (const queue of this.#queues) queue.setView(view);
  }

  /** Holds every run between two slices, or lets all go on. */
  setPaused(paused: boolean): void {
    this.#pause.set(paused);
  }

  /** Segments what is asked for; events go to the call's progress. @throws ModelError, SlideError, WorkerError. */
  async run(call: CallContext, request: SegmentRequest): Promise<SegmentSummary> {
    const network = await RunNetwork.start(this.backend, request.modelUrl, (event) => call.progress(event));
    try {
      return await this.#run(request, network, call);
    } finally {
      network.release();
    }
  }

  async #run(request: SegmentRequest, network: RunNetwork, call: CallContext): Promise<SegmentSummary> {
    const { platform } = this;
    const onProblem = (error: ErrorReport): void =>
      call.progress({ kind: 'notice', error } satisfies SegmentEvent);
    const slide = await platform.openSlide(request.slide);
    let store: RunStore | null = null;
    try {
      const reader = platform.reader(slide);
      const segmenter = await network.load();
      const { manifest } = segmenter;
      const { plan, mask } = await this.planner.plan(slide, reader, manifest, request, call.signal);
      store = await RunStore.open(platform.storage, request, slide, manifest, plan, onProblem);
      await store?.setState('running');
      const queue = new SliceQueue(plan, {
        keptRegions,
        ...(mask === null ? {} : { isTissue: ({ cell }) => hasTissue(mask, cell) }),
      });
      queue.setView(this.#view);
      this.#queues.add(queue);
      const tensorsBefore = platform.numTensors();
      try {
        const summary = await segmentSlide({
          reader,
          segmenter,
          plan,
          queue,
          signal: call.signal,
          onEvent: (event) => {
            const { message, transfer } = toMessage(event, plan.skipped);
            call.progress(message, transfer);
          },
          keptRegions,
          inFlight: network.inFlight,
          mostInBatch: network.mostInBatch,
          measureMemory: platform.memoryUse,
          // Asked for each time: a backend that was started anew has turns of its own.
          turn: (work) => this.backend.turns(network.inFlight).take(work),
          pause: this.#pause,
          store: store?.kept,
          recover: (error, slicesSince) => network.recover(error, slicesSince),
        });
        await store?.setState('ended');
        return {
          ...summary,
          restored: summary.restored ?? 0,
          skipped: plan.skipped,
          tensorsBefore,
          tensorsAfter: platform.numTensors(),
        };
      } finally {
        this.#queues.delete(queue);
      }
    } finally {
      await store?.close();
      slide.close();
    }
  }
}

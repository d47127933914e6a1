/** The layers of what the context changed on the open slide: created when shown, and kept up to date. */
import { DifferenceLayer } from '../compare/difference-layer.ts';
import type { PaletteClass } from '../overlay/class-palette.ts';
import type { ContextPasses, LayerContent } from '../session/layer-content.ts';
import type { SlideMetadata } from '../../slide/slide.ts';
import { contextTitle } from './context-pass.ts';
import { pairClasses, pairCodes } from './pair-classes.ts';

/** Milliseconds per frame for comparing. */
const frameBudget = 6;

interface KnownLayer {
  readonly passes: ContextPasses;
  readonly layer: DifferenceLayer;
  readonly classes: readonly PaletteClass[];
  readonly end: () => void;
}

export class ContextSession {
  /** By model. */
  readonly #layers = new Map<string, KnownLayer>();
  #slideId: number | null = null;
  #frame = 0;

  /** The layer of a model. Its map holds pairs of classes wherever both passes have segmented. */
  of(
    { slideId, metadata }: { readonly slideId: number; readonly metadata: SlideMetadata },
    { id }: { readonly id: string },
    passes: ContextPasses,
  ): LayerContent {
    if (slideId !== this.#slideId) this.#clear(slideId);
    const { withContext } = passes;
    const { layer, classes } = this.#layerOf(id, passes, metadata);
    return {
      title: `${contextTitle} ${withContext.title}`,
      overridden: withContext.overridden === true,
      mismatches: withContext.mismatches ?? [],
      classes,
      map: layer.map,
      certain: true,
      change: passes,
    };
  }

  #layerOf(id: string, passes: ContextPasses, metadata: SlideMetadata): KnownLayer {
    const known = this.#layers.get(id);
    const { withContext, without } = passes;
    if (
      known?.passes.withContext.map === withContext.map &&
      known.passes.without.map === without.map &&
      known.passes.withContext.classes === withContext.classes
    ) {
      return known;
    }
    known?.end();
    const { classes } = withContext;
    const layer = new DifferenceLayer(without, withContext, metadata, pairCodes(classes.length));
    const ends = [withContext.map, without.map].map((map) => map.subscribe(this.#schedule));
    const created = { passes, layer, classes: pairClasses(classes), end: () => ends.forEach((end) => end()) };
    this.#layers.set(id, created);
    this.#schedule();
    return created;
  }

  #clear(slideId: number): void {
    for (const { end } of this.#layers.values()) end();
    this.#layers.clear();
    this.#slideId = slideId;
  }

  readonly #schedule = (): void => {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      let complete = true;
      for (const { layer, passes } of this.#layers.values()) {
        const { fit } = passes.withContext.map;
        if (fit !== null && layer.map.fit !== fit) layer.map.setFit(fit);
        if (!layer.update(frameBudget)) complete = false;
      }
      if (!complete) this.#schedule();
    });
  };
}

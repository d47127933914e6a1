/** Content of a layer: a class map with its classes, from a model or from ground truth. */
import { resultMark } from '../../base/overridden-check.ts';
import { fitWarning, isUnlikeTraining } from '../../base/tissue-fit.ts';
import type { FitFinding } from '../models/model-fit.ts';
import type { LiveClassMap } from '../overlay/class-map-store.ts';
import type { PaletteClass } from '../overlay/class-palette.ts';

/** A model's results with its context and without. */
export interface ContextPasses {
  readonly withContext: LayerContent;
  readonly without: LayerContent;
}

export interface LayerContent {
  /** The model's title, marked if its check was overridden; or `Ground truth`. */
  readonly title: string;
  /** Whether it is of a model that is used although it fails its check. */
  readonly overridden?: boolean;
  /** What speaks against the model on this slide, by what both state. */
  readonly mismatches?: readonly FitFinding[];
  /** Index in the list = class value in the map. */
  readonly classes: readonly PaletteClass[];
  readonly map: LiveClassMap;
  /** Whether its confidence means nothing: ground truth, votes. */
  readonly certain?: boolean;
  /** Of a layer of what the context changed: both passes. Its classes are pairs, see `pairValue`. */
  readonly change?: ContextPasses;
}

/** Why the layer's results may be meaningless on this slide, in sentences; null where nothing speaks against them. */
export function contentWarning({ title, mismatches = [], map }: LayerContent): string | null {
  const stated = mismatches.filter(({ asks }) => asks).map(({ problem }) => problem);
  const measured = map.fit === null ? null : fitWarning(map.fit, title);
  const all = measured === null ? stated : [...stated, measured];
  return all.length === 0 ? null : all.join(' ');
}

/** The same in a few words. */
export function contentLabel({ mismatches = [], map }: LayerContent): string | null {
  if (map.fit !== null && isUnlikeTraining(map.fit)) return 'Unlike training data';
  return mismatches.find(({ asks }) => asks)?.label ?? null;
}

/** What files of the layer are marked with; see `resultMark`. */
export function contentMark({ overridden = false, mismatches = [], map }: LayerContent): string | null {
  const isMisfit = mismatches.some(({ asks }) => asks);
  return resultMark(overridden, map.fit !== null && isUnlikeTraining(map.fit), isMisfit);
}

/**
 * Ground truth of slides, as class maps of square slices like those of models. Loading, drawing or editing annotations
 * replaces the class map.
 */
export class TruthLayer {
  readonly #contents = new Map<string, LayerContent>();
  readonly #listeners = new Set<() => void>();

  /** Truth of a slide, by fingerprint; the same object until it is replaced. */
  of(fingerprint: string): LayerContent | null {
    return this.#contents.get(fingerprint) ?? null;
  }

  /** @param content null removes it */
  set(fingerprint: string, content: LayerContent | null): void {
    if (content === null) this.#contents.delete(fingerprint);
    else this.#contents.set(fingerprint, content);
    for (const listener of [...this.#listeners]) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

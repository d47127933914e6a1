/** React hooks for layers, which re-render when slide, models or ground truth change. */
import { useCallback, useSyncExternalStore } from 'react';
import type { LiveClassMap } from '../overlay/class-map-store.ts';
import { contextOptions } from '../context/context-pass.ts';
import { currentMpp, layerText, modelTitle } from '../state/state.ts';
import type { LayerChoice } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import type { LayerContent } from './layer-content.ts';
import { voteOptions } from '../votes/voters.ts';

/** What a layer shows on the open slide; null without a slide, model or ground truth. */
export function useLayerContent(layer: LayerChoice): LayerContent | null {
  const workbench = useWorkbench();
  useApp((state) => currentMpp(state.slide));
  useApp((state) => state.models);
  // What speaks against a model on this slide depends on these.
  useApp((state) => state.specimens);
  useApp((state) => state.demos);
  useApp((state) => state.slide?.darkBackground);
  const fingerprint = useFingerprint();
  useSyncExternalStore(workbench.truth.subscribe, () => workbench.truth.of(fingerprint));
  const { predictions, objects } = workbench;
  useSyncExternalStore(objects.subscribe, () => objects.majority);
  useSyncExternalStore(predictions.subscribe, () => predictions.of(fingerprint));
  // Votes need two models with results, which runs bring.
  useApp((state) => (layer.kind === 'votes' ? state.run : null));
  return workbench.resolveLayer(layer);
}

/** A layer as `layerText`, its name, and whether it can't be chosen. */
export type LayerOption = readonly [text: string, title: string, disabled?: boolean];

/** Available layers. @param shown the layer that is chosen now */
export function useLayerOptions(shown: LayerChoice): readonly LayerOption[] {
  const { truth, predictions } = useWorkbench();
  const models = useApp((state) => state.models);
  const fingerprint = useFingerprint();
  const hasTruth = useSyncExternalStore(truth.subscribe, () => truth.of(fingerprint) !== null);
  const opened = useSyncExternalStore(predictions.subscribe, () => predictions.of(fingerprint));
  const shownId = shown.kind === 'model' || shown.kind === 'context' ? shown.id : null;
  return [
    ['none', models === null ? 'Loading…' : 'None (tissue only)'],
    ...(models ?? []).map(
      (model) => [layerText({ kind: 'model', id: model.id }), modelTitle(model)] as const,
    ),
    ...opened.map(({ id, content }) => [layerText({ kind: 'prediction', id }), content.title] as const),
    ...voteOptions(models ?? []).map(({ layer, title }) => [layerText(layer), title] as const),
    ...contextOptions(models ?? [], shownId, modelTitle).map(
      ({ layer, title, disabled }) => [layerText(layer), title, disabled] as const,
    ),
    ['truth', hasTruth ? 'Ground truth' : 'Ground truth (none loaded)'],
  ];
}

/** Milliseconds between updates of figures. Slices finish far faster than anyone can read. */
const figuresInterval = 200;

/** Version of a map, updated at intervals while slices arrive. */
export function useMapVersion(map: LiveClassMap | null): number {
  const subscribe = useCallback(
    (listener: () => void) => {
      let timer: number | undefined;
      const end = map?.subscribe(() => {
        timer ??= window.setTimeout(() => {
          timer = undefined;
          listener();
        }, figuresInterval);
      });
      return () => {
        window.clearTimeout(timer);
        end?.();
      };
    },
    [map],
  );
  return useSyncExternalStore(subscribe, () => map?.version ?? 0);
}

function useFingerprint(): string {
  return useApp((state) => state.slide?.metadata.fingerprint ?? '');
}

/** The part of the workbench that its sessions use. Declared separately to avoid an import cycle with it. */
import type { MapClient } from '../../worker/map-client.ts';
import type { AnnotationSession } from '../annotate/annotation-session.ts';
import type { LayerChoice } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import type { FiguresSession } from '../truth/figures-session.ts';
import type { ObjectsSession } from '../objects/objects-session.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import type { EngineSession } from './engine-session.ts';
import type { LayerContent } from './layer-content.ts';
import type { SlideSession } from './slide-session.ts';

export interface WorkbenchParts {
  readonly store: AppStore;
  readonly slides: SlideSession;
  readonly engine: EngineSession;
  readonly maps: MapClient;
  readonly annotations: AnnotationSession;
  readonly figures: FiguresSession;
  readonly objects: ObjectsSession;
  activeView(): SlideView | null;
  view(paneId: string): SlideView | null;
  resolveLayer(layer: LayerChoice): LayerContent | null;
}

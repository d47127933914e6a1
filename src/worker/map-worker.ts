/** Entry of the map worker: annotation files, and class maps as files. */
import { createMapService, type MapWorkerApi } from './map-service.ts';
import { serveRpc } from '../base/rpc.ts';

serveRpc<MapWorkerApi>(globalThis, createMapService());

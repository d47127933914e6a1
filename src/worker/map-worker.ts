/** Entry of the map worker: annotation files, and class maps as files. */
// First: it has to run before any schema is built.
import '../base/zod-without-eval.ts';
import { createMapService, type MapWorkerApi } from './map-service.ts';
import { serveRpc } from '../base/rpc.ts';

serveRpc<MapWorkerApi>(globalThis, createMapService());

/** Entry of every thread that src/base/node-thread.node.ts starts from TypeScript sources. */
import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
await import(new URL(`../src/${workerData.entry}`, import.meta.url).href);

/** Entry of a thread that computes the gradients of one part of each batch. */
import { importEntry } from './thread-entry.mjs';

await importEntry('gradient', 'training/gradient-service.ts');

/** Entry of the thread that draws training samples. */
import { importEntry } from './thread-entry.mjs';

await importEntry('sample', 'training/sample-service.ts');

// Entry of the thread that draws training samples.
import { register } from 'tsx/esm/api';

register();
await import('../src/training/sample-service.ts');

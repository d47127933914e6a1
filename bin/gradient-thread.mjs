// Entry of a thread that computes gradients of a part of each batch.
import { register } from 'tsx/esm/api';

register();
await import('../src/training/gradient-service.ts');

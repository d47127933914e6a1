// Entry of the thread that reads slices for the command line.
import { register } from 'tsx/esm/api';

register();
await import('../src/cli/reader-thread.ts');

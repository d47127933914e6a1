/**
 * Import for its side effect, before anything that builds a zod schema. zod compiles schemas with `new Function` where it
 * may, and probes for that when the first object schema is built. The page's Content-Security-Policy forbids it, and
 * browsers report even a caught attempt as a violation.
 */
import { z } from 'zod';

z.config({ jitless: true });

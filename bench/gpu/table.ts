/** The figures as lines to read. */
import type { Figures } from './job.ts';

/** @param results by name of the job */
export function printTable(results: Readonly<Record<string, Figures>>): string {
  const lines: string[] = [];
  for (const [name, figures] of Object.entries(results)) {
    const own = Object.entries(figures).filter(([, value]) => !isFigures(value));
    lines.push(`${name}: ${own.map(shown).join(', ')}`);
    for (const [part, value] of Object.entries(figures)) {
      if (isFigures(value))
        lines.push(`    ${part.padEnd(28)} ${Object.entries(value).map(shown).join(', ')}`);
    }
  }
  return lines.join('\n');
}

function shown([name, value]: readonly [string, unknown]): string {
  if (name === 'shareOfPeak' && typeof value === 'number') return `${(100 * value).toFixed(1)} % of peak`;
  return `${name} ${typeof value === 'string' ? value.slice(0, 200) : JSON.stringify(value)}`;
}

function isFigures(value: unknown): value is Figures {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

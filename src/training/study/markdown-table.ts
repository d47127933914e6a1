/** Tables of figures as Markdown. */

/** Three digits, or a dash for what could not be worked out. */
export function figure(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * Plots a few values per row as SVG: a dot per value and a bar at their mean. Readable on light and dark backgrounds.
 * @param {string} title with the unit
 * @param {readonly { label: string, values: readonly number[] }[]} rows
 * @returns {string}
 */
export function dotPlot(title, rows) {
  const [left, right, top, rowHeight, width] = [96, 64, 44, 34, 640];
  const all = rows.flatMap(({ values }) => values);
  const low = Math.floor(Math.min(...all) * 20 - 0.4) / 20;
  const high = Math.ceil(Math.max(...all) * 20 + 0.4) / 20;
  /** @param {number} value */
  const x = (value) => left + ((value - low) / (high - low)) * (width - left - right);
  const height = top + rows.length * rowHeight + 30;
  const bottom = top + rows.length * rowHeight;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      `font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${title}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${left}" y="24" fill="#1f2328" font-weight="600">${title}</text>`,
  ];
  for (let tick = Math.round(low * 20); tick <= Math.round(high * 20); tick++) {
    const at = x(tick / 20).toFixed(1);
    parts.push(`<line x1="${at}" y1="${top}" x2="${at}" y2="${bottom}" stroke="#d8dee4"/>`);
    if (tick % 2 === 0) {
      parts.push(
        `<text x="${at}" y="${bottom + 18}" fill="#57606a" text-anchor="middle">${(tick / 20).toFixed(1)}</text>`,
      );
    }
  }
  rows.forEach(({ label, values }, index) => {
    const y = top + (index + 0.5) * rowHeight;
    parts.push(`<text x="${left - 12}" y="${y + 4}" fill="#1f2328" text-anchor="end">${label}</text>`);
    if (values.length === 0) return;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const at = x(mean).toFixed(1);
    parts.push(
      `<line x1="${at}" y1="${y - 11}" x2="${at}" y2="${y + 11}" stroke="#1f2328" stroke-width="3"/>`,
    );
    for (const value of values) {
      parts.push(
        `<circle cx="${x(value).toFixed(1)}" cy="${y}" r="5" fill="#0072B2" fill-opacity="0.75" stroke="#ffffff"/>`,
      );
    }
    parts.push(`<text x="${width - right + 12}" y="${y + 4}" fill="#1f2328">${mean.toFixed(3)}</text>`);
  });
  return `${parts.join('\n')}\n</svg>\n`;
}

/** Formats numbers for the interface. */

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** 1,080 */
export function formatCount(value: number): string {
  return whole.format(value);
}

/** 6.3, 0.42, 12: two significant digits, no exponent. */
export function formatRate(value: number): string {
  if (value >= 100) return whole.format(value);
  return value >= 10 ? value.toFixed(0) : Number(value.toPrecision(2)).toString();
}

/** 8 s, 1 min 46 s, 2 h 5 min. */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  if (total < 3600) {
    const rest = total % 60;
    return `${Math.floor(total / 60)} min${rest === 0 ? '' : ` ${rest} s`}`;
  }
  const minutes = Math.round(total / 60);
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest === 0 ? '' : ` ${rest} min`}`;
}

/** 812 kB, 1.9 MB, 2.4 GB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${units[unit] ?? ''}`;
}

/** 12.4 mm², 0.038 mm²; below 0.001 mm² in µm². */
export function formatArea(um2: number): string {
  const mm2 = um2 / 1e6;
  if (um2 > 0 && mm2 < 0.001) return `${whole.format(um2)} µm²`;
  if (mm2 >= 100) return `${whole.format(mm2)} mm²`;
  // Trailing zeros stay, so that numbers in a column align.
  return `${um2 === 0 ? '0' : mm2.toPrecision(mm2 >= 10 ? 3 : 2)} mm²`;
}

/** 0.499 µm/px */
export function formatMpp(mpp: number): string {
  return `${Number(mpp.toPrecision(3))} µm/px`;
}

/** 0.71 */
export function formatFraction(value: number): string {
  return value.toFixed(2);
}

/** < 0.1 %, 0.4 %, 12 %, from a share of 0 to 1. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.05) return '< 0.1 %';
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** 24 M, 0.31 M, 1.2 G, for parameters and operations. */
export function formatLarge(value: number): string {
  const units: readonly (readonly [number, string])[] = [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ];
  for (const [size, name] of units) {
    if (value >= size) return `${Number((value / size).toPrecision(3))} ${name}`;
  }
  return String(value);
}

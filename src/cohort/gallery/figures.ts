/** Formats figures for reading. */

/** With the given number of decimals, thousands separated. */
export function decimals(value: number, digits: number): string {
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** mm², with decimals to suit the size. */
export function area(mm2: number): string {
  return decimals(mm2, mm2 >= 100 ? 0 : mm2 >= 10 ? 1 : 2);
}

/** A time such as `42 s` or `3 min 5 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${decimals(seconds, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
